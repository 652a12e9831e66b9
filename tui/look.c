/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/look.h"

#include <stdio.h>
#include <string.h>

#include "config/console.h"
#include "core/base/auto.h"

const char *column_name(enum column_id c)
{
    return console_columns[c];
}

void look_init(struct look *l)
{
    *l = (struct look){.columns = COLUMNS_ALL};
}

void look_of(struct look *l, const struct console_options *o)
{
    auto_free char *copy = strdup(console_text(o, CONSOLE_COLUMNS));
    const char *sort = console_text(o, CONSOLE_SORT);
    char *rest = copy, *word;
    int c = console_column(*sort == '-' ? sort + 1 : sort);
    unsigned columns = 0;

    while (rest && (word = strsep(&rest, " ,")))
        if (console_column(word) >= 0)
            columns |= 1u << console_column(word);
    l->columns = columns ? columns | 1u << COLUMN_NAME : COLUMNS_ALL;
    l->sort = c < 0 ? COLUMN_NAME : (enum column_id)c;
    l->descending = *sort == '-';
    l->tick = console_number(o, CONSOLE_TICK);
}

void look_names(unsigned columns, char to[LOOK_TEXT])
{
    size_t len = 0;

    *to = '\0';
    for (int i = COLUMN_STATE; i < COLUMNS; i++)
        if (columns & 1u << i)
            len += (size_t)snprintf(to + len, LOOK_TEXT - len, "%s%s", len ? " " : "", console_columns[i]);
    if (len == 0)
        strcpy(to, console_columns[COLUMN_NAME]);
}

void look_columns(const struct look *l, char to[LOOK_TEXT])
{
    *to = '\0';
    if (l->columns != COLUMNS_ALL)
        look_names(l->columns, to);
}

void look_sort(const struct look *l, char to[LOOK_TEXT])
{
    bool usual = l->sort == COLUMN_NAME && !l->descending;

    snprintf(to, LOOK_TEXT, "%s%s", l->descending ? "-" : "", usual ? "" : console_columns[l->sort]);
}
