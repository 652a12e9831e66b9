/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/key.h"
#include "config/paths.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/nearest.h"

#define LOCK_TRIES 200
#define LOCK_PAUSE_US 10000

static const char *const colors[] = {"terminal", "soft", "contrast", "none", NULL};
static const char *const lines[] = {[LINES_AUTO] = "auto", [LINES_UTF8] = "utf8", [LINES_ASCII] = "ascii", NULL};

const struct option_info console_table[CONSOLE_OPTIONS] = {
    [CONSOLE_TEXT] = {"text", OPTION_BOOL, 0, 1, "false", NULL, "plain lines instead of a screen, as lxtop --text", EFFECT_NOW},
    [CONSOLE_COLORS] = {"colors", OPTION_CHOICE, 0, 0, "terminal", colors,
                        "terminal: its own 8; soft: calm ones of 256; contrast: high contrast; none", EFFECT_NOW},
    [CONSOLE_LINES] = {"lines", OPTION_CHOICE, 0, 0, "auto", lines,
                       "what lines and graphs are drawn with: utf8, ascii, or as the locale says", EFFECT_NOW},
    [CONSOLE_MOUSE] = {"mouse", OPTION_BOOL, 0, 1, "true", NULL,
                       "the mouse selects and scrolls; hold Shift for the terminal's own selection", EFFECT_NOW},
    [CONSOLE_SCROLLBACK] = {"scrollback", OPTION_INT, 0, 100000, "2000", NULL, "lines that a terminal pane keeps", EFFECT_NOW},
    [CONSOLE_PREFIX] = {"prefix", OPTION_STRING, 0, 0, "Ctrl-]", NULL, "the one key that a terminal pane keeps for lxtop", EFFECT_NOW},
    [CONSOLE_COLUMNS] = {"columns", OPTION_STRING, 0, 0, "", NULL, "columns of the list of distros; empty: the usual", EFFECT_NOW},
    [CONSOLE_SORT] = {"sort", OPTION_STRING, 0, 0, "", NULL, "column that it is sorted by; '-' before it: downwards", EFFECT_NOW},
    [CONSOLE_TICK] = {"tick", OPTION_BOOL, 0, 1, "false", NULL, "figures of the selected row change as they come", EFFECT_NOW},
};

const char *const console_columns[] = {"name", "state", "boot", "memory", "used", "limit", "cpu", "read", "write", "9p", "net",
                                       "disk", "size", "uptime", "sessions", NULL};

int console_column(const char *name)
{
    for (int i = 0; console_columns[i]; i++)
        if (strcmp(console_columns[i], name) == 0)
            return i;
    return -1;
}

static int refuse_column(enum console_option id, const char *word, struct err *e)
{
    char all[128] = "";

    for (size_t i = 0, len = 0; console_columns[i] && len < sizeof(all); i++)
        len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "", console_columns[i]);
    return err_set(e, EINVAL, "%s: there is no column '%s'; give %s", console_table[id].name, word, all);
}

/* Every word is a column; one alone for the order, which may be turned round. */
static int check_columns(enum console_option id, const char *text, struct err *e)
{
    auto_free char *copy = strdup(id == CONSOLE_SORT && *text == '-' ? text + 1 : text);
    char *rest = copy, *word;

    while (rest && (word = id == CONSOLE_SORT ? steal_ptr(&rest) : strsep(&rest, " ,")))
        if (*word && console_column(word) < 0)
            return refuse_column(id, word, e);
    return copy ? 0 : err_sys(e, ENOMEM, "columns");
}

struct loader {
    struct console_options *options;
    enum option_origin from;
    conf_warn *warn;
    void *ctx;
};

static int find(const char *name)
{
    for (int i = 0; i < CONSOLE_OPTIONS; i++)
        if (strcmp(console_table[i].name, name) == 0)
            return i;
    return -1;
}

static int set_value(struct console_options *c, enum console_option id, const char *text, enum option_origin from,
                     struct err *e)
{
    int r = id == CONSOLE_COLUMNS || id == CONSOLE_SORT ? check_columns(id, text, e) : 0;

    if (id == CONSOLE_PREFIX && key_parse(text) == K_NONE)
        return err_set(e, EINVAL, "%s: '%s' is no key; write Ctrl-A, F12, ...", console_table[id].name, text);
    return r < 0 ? r : option_value_set(&console_table[id], &c->value[id], text, from, e);
}

static int no_setting(const char *name, struct err *e)
{
    struct nearest n = nearest_to(name);

    for (int i = 0; i < CONSOLE_OPTIONS; i++)
        nearest_try(&n, console_table[i].name);
    return err_set(e, EINVAL, "there is no setting '%.80s' of the console%s`lxtop settings` lists them", name, n.hint);
}

static int on_row(void *ctx, const char *name, const char *text, struct err *e)
{
    const struct loader *l = ctx;
    int i = find(name);

    if (i < 0)
        return no_setting(name, e);
    return set_value(l->options, (enum console_option)i, text, l->from, e);
}

static void on_warning(void *ctx, const char *text)
{
    const struct loader *l = ctx;

    if (l->warn)
        l->warn(l->ctx, text);
}

void console_load(struct console_options *c, const struct paths *p, conf_warn *warn, void *ctx)
{
    auto_free char *persons = file_path("%s/lxtop.conf", p->config), *own = file_path("%s/console.conf", p->config);
    struct loader l = {c, ORIGIN_CONF, warn, ctx};

    *c = (struct console_options){0};
    for (int i = 0; i < CONSOLE_OPTIONS; i++)
        option_value_set(&console_table[i], &c->value[i], console_table[i].default_text, ORIGIN_DEFAULT, NULL);
    if (persons)
        conf_read_rows(persons, "console", on_row, on_warning, &l);
    l.from = ORIGIN_CONSOLE;
    if (own)
        conf_read_rows(own, "console", on_row, on_warning, &l);
}

void console_release(struct console_options *c)
{
    for (int i = 0; i < CONSOLE_OPTIONS; i++)
        free(c->value[i].text);
    *c = (struct console_options){0};
}

int console_set(struct console_options *c, enum console_option id, const char *text, struct err *e)
{
    return set_value(c, id, text, ORIGIN_CONSOLE, e);
}

/* Others hold it for as long as a small file takes. */
static int lock_console(const char *folder, struct err *e)
{
    auto_free char *path = file_path("%s/.console.lock", folder);
    int fd = -EAGAIN;

    for (int tries = 0; path && fd == -EAGAIN && tries < LOCK_TRIES; tries++) {
        fd = file_lock(path, e);
        if (fd == -EAGAIN)
            usleep(LOCK_PAUSE_US);
    }
    return path ? fd : err_sys(e, ENOMEM, "console.conf");
}

int console_write(const char *folder, const char *group, const char *name, const char *text, struct err *e)
{
    auto_free char *own = file_path("%s/console.conf", folder);
    int r = own ? file_mkdirs(folder, 0700, e) : err_sys(e, ENOMEM, "console.conf");
    auto_close int lock = r == 0 ? lock_console(folder, e) : r;

    return lock < 0 ? lock : conf_set(own, group, name, text, e);
}

int console_change(struct console_options *c, const struct paths *p, enum console_option id, const char *text,
                   struct err *e)
{
    struct console_options try = {0};
    int r = console_set(&try, id, text, e);

    if (r == 0)
        r = console_write(p->config, "console", console_table[id].name, text, e);
    if (r == 0)
        r = console_set(c, id, text, e);
    console_release(&try);
    return r;
}

int64_t console_number(const struct console_options *c, enum console_option id)
{
    return c->value[id].number;
}

const char *console_text(const struct console_options *c, enum console_option id)
{
    return c->value[id].text ? c->value[id].text : "";
}
