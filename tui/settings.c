/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/settings.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/base/nearest.h"
#include "core/core.h"
#include "core/line.h"
#include "core/report.h"
#include "tui/keymap.h"

#define NAME_TEXT 48
#define KEY_WORD "key"

/* A row of the console's table, or the keys of an action. */
struct setting {
    bool keys;
    int id;
};

struct told {
    char name[NAME_TEXT], help[256];
    char *value;
    const char *from;
};

static void told_release(struct told *t)
{
    free(t->value);
}

/* --- what there is --- */

static unsigned count_all(void)
{
    return CONSOLE_OPTIONS + ACTIONS;
}

/* Actions without keys have none. */
static bool nth(unsigned n, struct setting *s)
{
    *s = (struct setting){n >= CONSOLE_OPTIONS, (int)(n < CONSOLE_OPTIONS ? n : n - CONSOLE_OPTIONS)};
    return !s->keys || action_table[s->id].name;
}

static const char *name_of(struct setting s)
{
    return s.keys ? action_table[s.id].name : console_table[s.id].name;
}

static void tell(const struct core *c, const struct keymap *k, struct setting s, struct told *t)
{
    const struct option_value *v = s.keys ? NULL : &c->console.value[s.id];
    char keys[KEYMAP_TEXT];

    snprintf(t->name, sizeof(t->name), "%s%s", s.keys ? KEY_WORD " " : "", name_of(s));
    t->value = v ? option_value_format(&console_table[s.id], v) : strdup(keymap_text(k, (enum action_id)s.id, keys));
    t->from = option_origin_name(v ? v->origin : k->row[s.id].from);
    keymap_fill(k, VIEW_DISTROS, v ? console_table[s.id].help : action_table[s.id].help, t->help, sizeof(t->help));
}

static int find(const struct op_args *a, struct setting *s, struct err *e)
{
    bool keys = strcmp(a->word[0], KEY_WORD) == 0;
    const char *name = keys && a->words > 1 ? a->word[1] : a->word[0];
    struct nearest near = nearest_to(name);

    for (unsigned n = 0; n < count_all(); n++) {
        if (!nth(n, s) || s->keys != keys)
            continue;
        if (strcmp(name_of(*s), name) == 0)
            return 0;
        nearest_try(&near, name_of(*s));
    }
    if (keys && a->words == 1)
        return err_set(e, EINVAL, "say whose keys: %.40s ACTION; `lxtop settings` lists them", name);
    if (keys)
        return err_set(e, EINVAL, "there is no action '%.40s' that has keys%s`lxtop settings` lists them", name, near.hint);
    if (option_find(name) >= 0)
        return err_set(e, EINVAL, "%s is a setting of distros: lxtop set NAME %s VALUE", name, name);
    return err_set(e, EINVAL, "the console has no setting '%.40s'%s`lxtop settings` lists them", name, near.hint);
}

/* --- telling --- */

static void say_row(FILE *f, const struct told *t, enum report_form form)
{
    const char *value = t->value && *t->value ? t->value : "none";

    if (form == REPORT_TABLE)
        line_say(f, "%-24s %-24s %-12s %s", t->name, value, t->from, t->help);
    else
        line_say(f, "%s: %s, from %s; %s.", t->name, value, strcmp(t->from, "default") == 0 ? "the default" : t->from, t->help);
}

static json_t *row_json(const struct told *t)
{
    return json_pack("{ss ss* ss ss}", "name", t->name, "value", t->value, "from", t->from, "help", t->help);
}

/* `only`: the one, or NULL for all. */
static void print(const struct core *c, const struct keymap *k, const struct setting *only, enum report_form form)
{
    json_t *list = form == REPORT_JSON ? json_array() : NULL;
    auto_free char *text = NULL;

    if (form == REPORT_TABLE && !only)
        line_say(stdout, "%-24s %-24s %-12s %s", "SETTING", "VALUE", "FROM", "HELP");
    for (unsigned n = 0; n < count_all(); n++) {
        struct setting s;
        struct told t;

        if (!nth(n, &s) || (only && (s.keys != only->keys || s.id != only->id)))
            continue;
        tell(c, k, s, &t);
        if (list)
            json_array_append_new(list, row_json(&t));
        else
            say_row(stdout, &t, form);
        told_release(&t);
    }
    text = list ? report_json(list) : NULL;
    if (text)
        fputs(text, stdout);
}

/* --- changing --- */

static char *join(const struct op_args *a, unsigned from)
{
    char *text = strdup(a->word[from]);

    for (unsigned i = from + 1; text && i < a->words; i++) {
        char *more = file_path("%s %s", text, a->word[i]);

        free(text);
        text = more;
    }
    return text;
}

static int change(struct core *c, struct keymap *k, struct setting s, const char *text, struct err *e)
{
    int r = s.keys ? keymap_set(k, (enum action_id)s.id, text, ORIGIN_CONSOLE, e)
                   : console_change(&c->console, &c->paths, (enum console_option)s.id, text, e);

    return r == 0 && s.keys ? console_write(c->paths.config, "keys", name_of(s), text, e) : r;
}

/* What lxtop.conf says of it, or the default, counts again. */
static int forget(struct core *c, struct keymap *k, struct setting s, struct err *e)
{
    int r = console_write(c->paths.config, s.keys ? "keys" : "console", name_of(s), NULL, e);

    if (r < 0)
        return r;
    console_release(&c->console);
    console_load(&c->console, &c->paths, NULL, NULL);
    keymap_init(k);
    keymap_load(k, &c->paths, NULL, NULL);
    return 0;
}

static int obey(struct core *c, struct keymap *k, const struct op_args *a, struct setting *s, struct err *e)
{
    int r = find(a, s, e);
    unsigned value = r == 0 && s->keys ? 2 : 1;
    auto_free char *text = r == 0 && a->words > value ? join(a, value) : NULL;

    if (r == 0 && (a->flags & FLAG_REMOVE))
        return text ? err_set(e, EINVAL, "--remove takes no value") : forget(c, k, *s, e);
    return text ? change(c, k, *s, text, e) : r;
}

int run_settings(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    enum report_form form = a->flags & FLAG_JSON ? REPORT_JSON : a->flags & FLAG_WORDS ? REPORT_WORDS : REPORT_TABLE;
    struct setting one;
    struct keymap k;
    struct err e = {0};
    int r;

    keymap_init(&k);
    keymap_load(&k, &c->paths, core_conf_warning, c);
    if (a->words == 0 && (a->flags & FLAG_REMOVE))
        r = err_set(&e, EINVAL, "say which setting is to be the default again");
    else
        r = a->words ? obey(c, &k, a, &one, &e) : 0;
    if (r == 0)
        print(c, &k, a->words ? &one : NULL, form);
    else
        line_say(v->notes, "%s%s", v->error, e.msg);
    return r == 0 ? STATUS_DONE : r == -EINVAL ? STATUS_USAGE : STATUS_FAILED;
}
