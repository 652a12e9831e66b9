/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/trash_report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/auto.h"
#include "core/line.h"
#include "core/trash.h"
#include "core/words.h"

struct row {
    const struct trashed *t;
    time_t until;
    int64_t used;
};

static void print_row(FILE *f, const struct row *r)
{
    char removed[WORDS_TEXT], until[WORDS_TEXT], used[WORDS_TEXT];

    fprintf(f, "%-24s %-17s %-17s %s\n", r->t->name, words_moment(removed, r->t->removed), words_moment(until, r->until),
            words_size(used, r->used));
}

/* A fact a line, the name first. */
static void say_row(FILE *f, const struct row *r)
{
    char text[WORDS_TEXT];

    line_say(f, "%s: removed at %s.", r->t->name, words_moment(text, r->t->removed));
    line_say(f, "%s: kept until %s.", r->t->name, words_moment(text, r->until));
    line_say(f, "%s: takes %s.", r->t->name, words_size(text, r->used));
}

static json_t *row_json(const struct row *r)
{
    return json_pack("{ss sI sI sI}", "name", r->t->name, "removed", (json_int_t)r->t->removed, "until",
                     (json_int_t)r->until, "used", (json_int_t)r->used);
}

static void head(FILE *f, unsigned count, enum report_form form)
{
    if (count == 0)
        line_say(f, "There is nothing in the trash.");
    else if (form == REPORT_TABLE)
        fprintf(f, "%-24s %-17s %-17s %s\n", "REMOVED", "AT", "KEPT UNTIL", "TAKES");
}

char *trash_report(const struct paths *p, const struct options *defaults, enum report_form form)
{
    unsigned count;
    auto_free struct trashed *list = trash_list(p, &count);
    json_t *rows = json_array();
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (f)
        head(f, count, form);
    for (unsigned i = 0; f && i < count; i++) {
        const struct row r = {&list[i], trash_until(p, defaults, &list[i]), trash_used(p, &list[i])};

        json_array_append_new(rows, row_json(&r));
        (form == REPORT_WORDS ? say_row : print_row)(f, &r);
    }
    if (f)
        fclose(f);
    if (form != REPORT_JSON) {
        json_decref(rows);
        return text;
    }
    free(text);
    return report_json(rows);
}
