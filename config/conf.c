/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/conf.h"

#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/share.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"

#define CONF_MAX (1 << 20)

struct reader {
    const char *path;
    conf_row *row;
    void *row_ctx;
    bool words;        /* lists of texts are values */
    bool only_options; /* at the top level there is more than them */
    const char *except; /* a row that is not looked at; NULL: none */
    conf_warn *warn;
    void *ctx;
};

static void __attribute__((format(printf, 2, 3))) tell(const struct reader *r, const char *fmt, ...)
{
    char text[ERR_MSG_SIZE + 256];
    va_list ap;

    if (!r->warn)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    r->warn(r->ctx, text);
}

/* --- the list of shares as the text that its parser takes --- */

static void put_word(FILE *f, const char *key, const char *value)
{
    if (value)
        fprintf(f, ",%s%s", key, value);
}

/* { host = ...; guest = ...; mode = ...; cache = ...; map = ...; } */
static bool put_group(FILE *f, const config_setting_t *s)
{
    static const char *const names[] = {"host", "guest", "mode", "cache", "map"};
    const char *value[ARRAY_SIZE(names)] = {NULL};
    auto_free char *host = NULL, *guest = NULL;
    int known = 0;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        known += config_setting_lookup_string(s, names[i], &value[i]) == CONFIG_TRUE;
    host = share_escape(value[0] ? value[0] : "");
    guest = share_escape(value[1] ? value[1] : "");
    fprintf(f, "%s:%s", host ? host : "", guest ? guest : "");
    put_word(f, "", value[2]);
    put_word(f, "cache=", value[3]);
    put_word(f, "map=", value[4]);
    return known == config_setting_length(s);
}

static char *list_text(const config_setting_t *s)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    bool ok = f != NULL;

    for (int i = 0; ok && i < config_setting_length(s); i++) {
        const config_setting_t *row = config_setting_get_elem(s, (unsigned)i);
        const char *string = config_setting_get_string(row);

        ok = string ? fputs(string, f) >= 0 : config_setting_is_group(row) && put_group(f, row);
        fputs("; ", f);
    }
    if (f)
        fclose(f);
    if (!ok)
        free(steal_ptr(&text));
    return text;
}

static bool is_shares(const char *name)
{
    return strcmp(option_table[OPT_SHARES].name, name) == 0;
}

/* A list of texts, with blanks between them; NULL: there is something else in it. */
static char *words_text(const config_setting_t *s)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    bool ok = f != NULL;

    for (int i = 0; ok && i < config_setting_length(s); i++) {
        const char *string = config_setting_get_string_elem(s, i);

        ok = string && fprintf(f, "%s%s", i ? " " : "", string) >= 0;
    }
    if (f)
        fclose(f);
    if (!ok)
        free(steal_ptr(&text));
    return text;
}

/* The value as the text that the option's parser takes. */
static char *value_text(const struct reader *r, const config_setting_t *s)
{
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_STRING:
        return strdup(config_setting_get_string(s));
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return file_path("%lld", config_setting_get_int64(s));
    case CONFIG_TYPE_BOOL:
        return strdup(config_setting_get_bool(s) ? "true" : "false");
    case CONFIG_TYPE_LIST:
    case CONFIG_TYPE_ARRAY:
        return r->words ? words_text(s) : is_shares(config_setting_name(s)) ? list_text(s) : NULL;
    default:
        return NULL;
    }
}

static void read_row(const struct reader *r, const config_setting_t *s)
{
    auto_free char *text = value_text(r, s);
    const char *name = config_setting_name(s);
    struct err e = {0};

    if ((r->only_options && option_find(name) < 0) || (r->except && strcmp(r->except, name) == 0))
        return;
    if (!text)
        tell(r, "%s:%u: %s: give %s", r->path, config_setting_source_line(s), name,
             r->words ? "a text, a number, true/false or a list of texts" : is_shares(name) ? "a list of texts \"HOST:GUEST\" or groups { host, guest, mode, cache, map }"
                             : "a text, a number or true/false");
    else if (r->row(r->row_ctx, name, text, &e) < 0)
        tell(r, "%s:%u: %s", r->path, config_setting_source_line(s), e.msg);
}

static int read_text(config_t *c, const char *path, struct err *e)
{
    auto_free char *text = NULL;
    int r = file_read(path, CONF_MAX, &text, NULL, e);

    if (r < 0)
        return r;
    if (config_read_string(c, text))
        return 0;
    return err_set(e, EINVAL, "%s:%d: %s", path, config_error_line(c), config_error_text(c));
}

/* The rows of the group; NULL and told when its name is something else. */
static const config_setting_t *find_rows(const struct reader *r, const config_t *c, const char *group)
{
    const config_setting_t *s = group ? config_lookup(c, group) : config_root_setting(c);

    if (!s || config_setting_is_group(s))
        return s;
    tell(r, "%s:%u: %s: is no group; write %s: { NAME = VALUE; };", r->path,
         config_setting_source_line(s), group, group);
    return NULL;
}

static void read_group(const struct reader *r, const char *group)
{
    const config_setting_t *s;
    struct err e = {0};
    config_t c;

    if (access(r->path, F_OK) < 0)
        return;
    config_init(&c);
    if (read_text(&c, r->path, &e) < 0) {
        tell(r, "%s; the whole file is ignored", e.msg);
    } else {
        s = find_rows(r, &c, group);
        for (int i = 0; s && i < config_setting_length(s); i++)
            read_row(r, config_setting_get_elem(s, (unsigned)i));
    }
    config_destroy(&c);
}

void conf_read_rows(const char *path, const char *group, conf_row *row, conf_warn *warn, void *ctx)
{
    const struct reader r = {.path = path, .row = row, .row_ctx = ctx, .words = true, .warn = warn, .ctx = ctx};

    read_group(&r, group);
}

struct option_rows {
    struct options *options;
    enum option_origin from;
};

static int option_row(void *ctx, const char *name, const char *text, struct err *e)
{
    const struct option_rows *o = ctx;

    return options_set(o->options, name, text, o->from, e);
}

void conf_read_options(const char *path, const char *group, enum option_origin from,
                       struct options *o, conf_warn *warn, void *ctx)
{
    struct option_rows rows = {o, from};
    const struct reader r = {.path = path, .row = option_row, .row_ctx = &rows, .only_options = !group, .warn = warn, .ctx = ctx};

    read_group(&r, group);
}

int conf_check(const char *path, struct err *e)
{
    config_t c;
    int r;

    config_init(&c);
    r = read_text(&c, path, e);
    config_destroy(&c);
    return r;
}

static void keep_first(void *ctx, const char *text)
{
    struct err *first = ctx;

    if (!first->code)
        err_set(first, EINVAL, "%s", text);
}

int conf_check_options(const char *path, const char *except, struct err *e)
{
    struct options ignored;
    struct option_rows rows = {&ignored, ORIGIN_DISTRO};
    struct err first = {0};
    const struct reader r = {.path = path, .row = option_row, .row_ctx = &rows, .only_options = true, .except = except,
                             .warn = keep_first, .ctx = &first};

    if (conf_check(path, e) < 0)
        return -EINVAL;
    options_init(&ignored);
    read_group(&r, NULL);
    options_release(&ignored);
    return first.code ? err_set(e, EINVAL, "%s", first.msg) : 0;
}

void conf_read_strings(const char *path, const char *const *names, char **values, unsigned n)
{
    const char *value;
    config_t c;
    bool ok;

    config_init(&c);
    ok = read_text(&c, path, NULL) == 0;
    for (unsigned i = 0; i < n; i++)
        values[i] = ok && config_lookup_string(&c, names[i], &value) ? strdup(value) : NULL;
    config_destroy(&c);
}

char *conf_read_string(const char *path, const char *name)
{
    char *value;

    conf_read_strings(path, &name, &value, 1);
    return value;
}

static bool add_string(config_setting_t *root, const char *name, const char *value)
{
    config_setting_t *s = config_setting_add(root, name, CONFIG_TYPE_STRING);

    return s && config_setting_set_string(s, value);
}

static bool add_options(config_setting_t *root, const struct options *o, enum option_origin from)
{
    for (int i = 0; i < OPTIONS; i++) {
        auto_free char *text = options_format(o, (enum option_id)i);

        if (o->value[i].origin >= from && (!text || !add_string(root, option_table[i].name, text)))
            return false;
    }
    return true;
}

/* The text of a whole file; NULL for lack of memory. */
static char *file_text(config_t *c, size_t *len)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, len);

    if (!f)
        return NULL;
    config_write(c, f);
    fclose(f);
    return text;
}

int conf_set(const char *path, const char *group, const char *name, const char *text, struct err *e)
{
    config_setting_t *root, *g;
    auto_free char *file = NULL;
    size_t len = 0;
    config_t c;
    bool ok;

    config_init(&c);
    if (read_text(&c, path, NULL) < 0) {
        config_destroy(&c);
        config_init(&c);
    }
    root = config_root_setting(&c);
    g = config_setting_get_member(root, group);
    if (!g || !config_setting_is_group(g)) {
        config_setting_remove(root, group);
        g = config_setting_add(root, group, CONFIG_TYPE_GROUP);
    }
    if (g)
        config_setting_remove(g, name);
    ok = g && (!text || add_string(g, name, text)) && (file = file_text(&c, &len));
    config_destroy(&c);
    return ok ? file_write_atomic(path, file, len, 0644, e) : err_sys(e, ENOMEM, "write %s", path);
}

int conf_write(const char *path, const struct conf_string *strings, unsigned n,
               const struct options *o, enum option_origin from, struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    bool ok = f != NULL;
    config_t c;

    config_init(&c);
    for (unsigned i = 0; i < n; i++)
        ok = ok && add_string(config_root_setting(&c), strings[i].name, strings[i].value);
    ok = ok && add_options(config_root_setting(&c), o, from);
    if (ok)
        config_write(&c, f);
    if (f)
        fclose(f);
    config_destroy(&c);
    return ok ? file_write_atomic(path, text, len, 0644, e) : err_sys(e, ENOMEM, "write %s", path);
}
