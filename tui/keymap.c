/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/keymap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/paths.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/nearest.h"

void keymap_init(struct keymap *k)
{
    *k = (struct keymap){.prefix = K_CTRL(']')};
    for (int a = 0; a < ACTIONS; a++)
        memcpy(k->row[a].keys, action_table[a].keys, sizeof(k->row[a].keys));
}

static bool has_key(const struct keymap *k, int a, ui_key key)
{
    for (int i = 0; i < ACTION_KEYS; i++)
        if (key != K_NONE && k->row[a].keys[i] == key)
            return true;
    return false;
}

static int views_of(int a)
{
    return __builtin_popcount(action_table[a].views);
}

/* Does a key of both lead to `a`? */
static bool is_before(const struct keymap *k, int a, int b)
{
    return k->row[a].own != k->row[b].own ? k->row[a].own : views_of(a) < views_of(b);
}

int keymap_action(const struct keymap *k, enum view_id v, ui_key key)
{
    int found = -1;

    for (int a = 0; a < ACTIONS; a++)
        if ((action_table[a].views & VIEW_BIT(v)) && has_key(k, a, key) && (found < 0 || is_before(k, a, found)))
            found = a;
    return found;
}

static ui_key first_key(const struct keymap *k, enum view_id v, enum action_id a)
{
    for (int i = 0; i < ACTION_KEYS; i++)
        if (keymap_action(k, v, k->row[a].keys[i]) == (int)a)
            return k->row[a].keys[i];
    return K_NONE;
}

const char *keymap_key(const struct keymap *k, enum view_id v, enum action_id a, char *to)
{
    ui_key key = first_key(k, v, a);

    return key == K_NONE ? NULL : key_text(key, to);
}

/* --- the files --- */

static int action_of_name(const char *name)
{
    for (int a = 0; a < ACTIONS; a++)
        if (action_table[a].name && strcmp(action_table[a].name, name) == 0)
            return a;
    return -1;
}

/* Another row of a person's that has the key, with as much right to it. */
static int rival(const struct keymap *k, int a, ui_key key)
{
    for (int b = 0; b < ACTIONS; b++)
        if (b != a && k->row[b].own && (action_table[a].views & action_table[b].views) && views_of(a) == views_of(b) &&
            has_key(k, b, key))
            return b;
    return -1;
}

static int parse_keys(const struct keymap *k, int a, const char *text, ui_key keys[ACTION_KEYS], struct err *e)
{
    auto_free char *copy = strdup(text);
    char *rest = copy, *word;
    int n = 0, other;

    while (rest && (word = strsep(&rest, " "))) {
        if (!*word)
            continue;
        if (n == ACTION_KEYS)
            return err_set(e, EINVAL, "%s: at most %d keys", action_table[a].name, ACTION_KEYS);
        keys[n] = key_parse(word);
        if (keys[n] == K_NONE)
            return err_set(e, EINVAL, "%s: '%s' is no key; write x, F7, Enter, Ctrl-L, Alt-Up, ...", action_table[a].name, word);
        other = rival(k, a, keys[n]);
        if (other >= 0)
            return err_set(e, EINVAL, "%s: %s is a key of %s already", action_table[a].name, word, action_table[other].name);
        n++;
    }
    if (n == 0 && (a == ACTION_QUIT || a == ACTION_PALETTE || a == ACTION_BACK))
        return err_set(e, EINVAL, "%s: needs a key", action_table[a].name);
    return copy ? 0 : err_sys(e, ENOMEM, "keys");
}

int keymap_set(struct keymap *k, enum action_id a, const char *text, enum option_origin from, struct err *e)
{
    ui_key keys[ACTION_KEYS] = {K_NONE};
    int r = parse_keys(k, a, text, keys, e);

    if (r < 0)
        return r;
    memcpy(k->row[a].keys, keys, sizeof(keys));
    k->row[a].own = true;
    k->row[a].from = from;
    return 0;
}

char *keymap_text(const struct keymap *k, enum action_id a, char *to)
{
    char name[KEY_TEXT];

    *to = '\0';
    for (int i = 0; i < ACTION_KEYS && k->row[a].keys[i] != K_NONE; i++) {
        strcat(to, i ? " " : "");
        strcat(to, key_text(k->row[a].keys[i], name));
    }
    return to;
}

struct loader {
    struct keymap *keys;
    enum option_origin from;
    conf_warn *warn;
    void *ctx;
};

static int no_action(const char *name, struct err *e)
{
    struct nearest n = nearest_to(name);

    for (int i = 0; i < ACTIONS; i++)
        if (action_table[i].name)
            nearest_try(&n, action_table[i].name);
    return err_set(e, EINVAL, "there is no action '%.80s' that has keys%s`lxtop settings` lists them", name, n.hint);
}

static int on_row(void *ctx, const char *name, const char *text, struct err *e)
{
    const struct loader *l = ctx;
    int a = action_of_name(name);

    if (a < 0)
        return no_action(name, e);
    return keymap_set(l->keys, (enum action_id)a, text, l->from, e);
}

static void on_warning(void *ctx, const char *text)
{
    const struct loader *l = ctx;

    if (l->warn)
        l->warn(l->ctx, text);
}

/* Who has in that view what would be a key of `a`; -1: a key leads there, or none was wanted to. */
static int taken_by(const struct keymap *k, const struct keymap *table, enum view_id v, int a)
{
    ui_key had = first_key(table, v, (enum action_id)a);

    if (had == K_NONE || first_key(k, v, (enum action_id)a) != K_NONE)
        return -1;
    return keymap_action(k, v, k->row[a].own ? k->row[a].keys[0] : had);
}

static void tell_lost(const struct loader *l, int a, const struct keymap *table)
{
    char text[256];

    for (int v = 0; v < VIEWS; v++) {
        int by = taken_by(l->keys, table, (enum view_id)v, a);

        if (by < 0)
            continue;
        snprintf(text, sizeof(text), "lxtop.conf: keys: %s has the key of %s in the view %s now; give %s another",
                 action_table[by].name, action_table[a].name, view_table[v]->name, action_table[a].name);
        on_warning((void *)l, text);
        return;
    }
}

void keymap_load(struct keymap *k, const struct paths *p, conf_warn *warn, void *ctx)
{
    static const char *const files[] = {"lxtop.conf", "console.conf"};
    struct loader l = {k, ORIGIN_CONF, warn, ctx};
    struct keymap table;

    keymap_init(&table);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        auto_free char *path = file_path("%s/%s", p->config, files[i]);

        l.from = i == 0 ? ORIGIN_CONF : ORIGIN_CONSOLE;
        if (path)
            conf_read_rows(path, "keys", on_row, on_warning, &l);
    }
    for (int a = 0; a < ACTIONS; a++)
        tell_lost(&l, a, &table);
}

/* --- text about keys --- */

/* What stands for "{name}", into `to` of KEY_TEXT * 2 bytes. */
static void key_for(const struct keymap *k, enum view_id v, const char *name, char *to)
{
    int a = action_of_name(name);
    char palette[KEY_TEXT];

    if (strcmp(name, "prefix") == 0)
        key_text(k->prefix, to);
    else if (a < 0)
        snprintf(to, KEY_TEXT * 2, "{%s}", name);
    else if (!keymap_key(k, v, (enum action_id)a, to))
        snprintf(to, KEY_TEXT * 2, "%s%s", keymap_key(k, v, ACTION_PALETTE, palette) ? palette : ":", name);
}

void keymap_fill(const struct keymap *k, enum view_id v, const char *text, char *to, size_t size)
{
    size_t len = 0;

    while (*text && len + 1 < size) {
        const char *end = *text == '{' ? strchr(text, '}') : NULL;
        char name[KEY_TEXT], key[KEY_TEXT * 2];

        if (!end || (size_t)(end - text) > sizeof(name)) {
            to[len++] = *text++;
            continue;
        }
        snprintf(name, sizeof(name), "%.*s", (int)(end - text - 1), text + 1);
        key_for(k, v, name, key);
        len += (size_t)snprintf(to + len, size - len, "%s", key);
        len = len < size ? len : size - 1;
        text = end + 1;
    }
    to[len] = '\0';
}
