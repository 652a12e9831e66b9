/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/info.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/wsl_conf.h"
#include "core/machine.h"
#include "core/model.h"
#include "core/plain.h"
#include "core/report.h"
#include "core/store.h"
#include "core/line.h"
#include "core/report_words.h"
#include "core/words.h"

struct info {
    struct distro distro;
    struct machine_run run;
    const struct model_distro *model;
};

static json_t *iso_time(time_t t)
{
    char text[32];
    struct tm tm;

    if (!t)
        return json_null();
    gmtime_r(&t, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_string(text);
}

static json_t *plain_json(const char *text)
{
    auto_free char *plain = plain_dup(text ? text : "", false);

    return json_string(plain ? plain : "");
}

static json_t *disk_json(const struct distro *d)
{
    json_t *o = json_pack("{so so}", "path", plain_json(d->disk), "format", plain_json(d->disk_format));
    struct stat s;
    bool known = stat(d->disk, &s) == 0;

    json_object_set_new(o, "layers", json_integer(d->layers));
    json_object_set_new(o, "size", known ? json_integer((json_int_t)s.st_size) : json_null());
    json_object_set_new(o, "used", known ? json_integer((json_int_t)s.st_blocks * 512 + d->layers_used) : json_null());
    return o;
}

static json_t *settings_json(const struct options *o)
{
    static const char *const effects[] = {[EFFECT_START] = "start", [EFFECT_NOW] = "now",
                                          [EFFECT_INSTALL] = "install"};
    json_t *list = json_array();

    for (int i = 0; i < OPTIONS; i++) {
        auto_free char *value = options_format(o, (enum option_id)i);

        json_array_append_new(list, json_pack("{ss so ss ss}", "name", option_table[i].name, "value",
                                              plain_json(value), "from",
                                              option_origin_name(o->value[i].origin), "effect",
                                              effects[option_table[i].effect]));
    }
    return list;
}

/* "FILE section.key=value", as the guest said at its last start (vmm/agent.h); NULL: it is no such text. */
static json_t *conf_json(const char *text)
{
    auto_free char *plain = plain_dup(text, false);
    char *rest = plain, *file = strsep(&rest, " "), *name = strsep(&rest, "=");
    const char *ignored;
    enum wsl_file which;

    if (!rest || !name || strlen(file) != 1 || file[0] < '0' || file[0] >= '0' + WSL_FILES)
        return NULL;
    which = (enum wsl_file)(file[0] - '0');
    ignored = wsl_conf_ignored(which, name);
    return json_pack("{ss ss ss sb ss}", "file", wsl_file_path(which), "name", name, "value", rest, "honoured",
                     !ignored, "note", ignored ? ignored : "");
}

static json_t *confs_json(const struct paths *p, const char *name)
{
    auto_free char *path = machine_file(p, name, "run.json");
    json_t *run = path ? json_load_file(path, 0, NULL) : NULL, *list = json_array();
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(run, "conf"), i, row) {
        json_t *o = json_is_string(row) ? conf_json(json_string_value(row)) : NULL;

        if (o)
            json_array_append_new(list, o);
    }
    json_decref(run);
    return list;
}

static json_t *info_json(const struct paths *p, const struct info *f)
{
    const struct distro *d = &f->distro;
    json_t *o = json_pack("{ss ss ss ss ss ss ss}", "name", d->name, "state",
                          machine_state_name(f->model->state), "reason", f->model->reason, "detail",
                          f->model->detail, "note", f->model->note, "init", f->run.init, "ready",
                          f->run.ready);

    json_object_set_new(o, "source", plain_json(d->source));
    json_object_set_new(o, "installed", iso_time(d->installed));
    json_object_set_new(o, "started", iso_time(f->run.started));
    json_object_set_new(o, "disk", disk_json(d));
    json_object_set_new(o, "settings", settings_json(&d->options));
    json_object_set_new(o, "wsl_conf", confs_json(p, d->name));
    return o;
}

/* --- for people: the same facts --- */

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text ? text : "";
}

static void put_row(FILE *f, const char *name, const char *value)
{
    if (*value)
        fprintf(f, "%-12s %s\n", name, value);
}

static void put_disk(FILE *f, const json_t *disk)
{
    json_int_t size = json_integer_value(json_object_get(disk, "size"));
    json_int_t used = json_integer_value(json_object_get(disk, "used"));

    fprintf(f, "%-12s %s, %s, %lld MB of %lld MB used on this host\n", "disk", text_of(disk, "path"),
            text_of(disk, "format"), (long long)used >> 20, (long long)size >> 20);
}

static void put_confs(FILE *f, const json_t *list)
{
    const json_t *row;
    size_t i;

    if (json_array_size(list) > 0)
        fputs("What the distro itself asked for at its last start:\n", f);
    json_array_foreach(list, i, row) {
        const char *note = text_of(row, "note");

        fprintf(f, "  %s: %s = %s%s%s\n", text_of(row, "file"), text_of(row, "name"), text_of(row, "value"),
                *note ? " is ignored: " : "", note);
    }
}

static char *people_text(const json_t *o, const struct model_distro *m)
{
    const json_t *row;
    char *text = NULL;
    size_t len, i;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    fprintf(f, "%-12s %s\n%-12s %s%s%s\n", "name", m->name, "state", machine_state_name(m->state),
            *machine_reason_text(m->reason) ? ": " : "", machine_reason_text(m->reason));
    put_row(f, "detail", m->detail);
    put_row(f, "note", m->note);
    put_row(f, "source", text_of(o, "source"));
    put_row(f, "installed", text_of(o, "installed"));
    put_row(f, "started", text_of(o, "started"));
    put_row(f, "init", text_of(o, "init"));
    put_row(f, "ready", text_of(o, "ready"));
    put_disk(f, json_object_get(o, "disk"));
    fputs("Settings, and where each comes from:\n", f);
    json_array_foreach(json_object_get(o, "settings"), i, row)
        fprintf(f, "  %-14s %-24s %s\n", text_of(row, "name"),
                *text_of(row, "value") ? text_of(row, "value") : "none", text_of(row, "from"));
    put_confs(f, json_object_get(o, "wsl_conf"));
    fclose(f);
    return text;
}

/* --- for text mode: a fact a line, the name first --- */

static void say_facts(FILE *f, const char *name, const json_t *o)
{
    static const struct {
        const char *key, *words;
    } facts[] = {{"note", "note"}, {"source", "installed from"}, {"installed", "installed at"}, {"started", "started at"},
                 {"init", "its init is"}, {"ready", "ready was told by"}};

    for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
        if (*text_of(o, facts[i].key))
            line_say(f, "%s: %s %s.", name, facts[i].words, text_of(o, facts[i].key));
}

static void say_disk(FILE *f, const char *name, const json_t *disk)
{
    char text[WORDS_TEXT];

    line_say(f, "%s: disk in %s.", name, text_of(disk, "path"));
    line_say(f, "%s: disk format %s.", name, text_of(disk, "format"));
    if (json_is_integer(json_object_get(disk, "size"))) {
        line_say(f, "%s: disk size %s.", name, words_size(text, json_integer_value(json_object_get(disk, "size"))));
        line_say(f, "%s: disk space used on this host %s.", name,
                 words_size(text, json_integer_value(json_object_get(disk, "used"))));
    }
}

static void say_setting(FILE *f, const char *name, const struct options *o, enum option_id id)
{
    const struct option_value *v = &o->value[id];
    auto_free char *value = options_format(o, id);
    char text[WORDS_TEXT];

    if (option_table[id].type == OPTION_SIZE && v->number > 0)
        words_size(text, v->number);
    else if (option_table[id].type == OPTION_TIME && v->number > 0)
        words_time(text, v->number * 1000000);
    else
        *text = '\0';
    line_say(f, "%s: setting %s is %s, from %s.", name, option_table[id].name,
             *text ? text : value && *value ? value : "none", option_origin_name(v->origin));
}

static void say_confs(FILE *f, const char *name, const json_t *list)
{
    const json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
        line_say(f, "%s: its %s asks for %s = %s%s%s.", name, text_of(row, "file"), text_of(row, "name"),
                 text_of(row, "value"), *text_of(row, "note") ? ", ignored: " : "", text_of(row, "note"));
}

static char *in_words(const struct info *i, const json_t *o)
{
    const char *name = i->model->name;
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    line_say(f, "%s: %s.", name, machine_state_name(i->model->state));
    words_reason(f, i->model);
    say_facts(f, name, o);
    say_disk(f, name, json_object_get(o, "disk"));
    for (int id = 0; id < OPTIONS; id++)
        say_setting(f, name, &i->distro.options, (enum option_id)id);
    say_confs(f, name, json_object_get(o, "wsl_conf"));
    fclose(f);
    return text;
}

char *info_text(const struct paths *p, const struct options *defaults, const struct model_distro *m,
                enum report_form form, struct err *e)
{
    struct info f = {.model = m};
    json_t *o;
    char *text;

    if (store_load(p, defaults, m->name, &f.distro, e) < 0)
        return NULL;
    machine_read(p, m->name, &f.run);
    o = info_json(p, &f);
    text = form == REPORT_JSON ? report_json(json_incref(o)) : form == REPORT_WORDS ? in_words(&f, o) : people_text(o, m);
    json_decref(o);
    distro_release(&f.distro);
    if (!text)
        err_sys(e, ENOMEM, "%s", m->name);
    return text;
}
