/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/conf.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/snapshots.h"
#include "core/store_parts.h"

#define TIME_FORMAT "%Y-%m-%dT%H:%M:%SZ"

char *store_folder(const struct paths *p, const char *prefix, const char *name)
{
    return file_path("%s/distros/%s%s", p->data, prefix, name);
}

void distro_release(struct distro *d)
{
    free(d->source);
    free(d->disk);
    free(d->disk_format);
    free(d->disk_argument);
    free(d->warning);
    options_release(&d->options);
    *d = (struct distro){0};
}

/* --- reading --- */

static void keep_first_warning(void *ctx, const char *text)
{
    struct distro *d = ctx;

    if (!d->warning)
        d->warning = strdup(text);
}

static void count_layers(const struct snapshots *s, struct distro *d)
{
    char **files = snapshots_files(s, NULL);
    struct stat st;

    for (char **f = files; f && *f; f++)
        if (strcmp(*f, d->disk) != 0 && stat(*f, &st) == 0) {
            d->layers++;
            d->layers_used += (int64_t)st.st_blocks * 512;
        }
    snapshots_free_files(files);
}

/* A distro whose snapshots cannot be read is there all the same, and can be removed. */
static void fill_disk(const struct paths *p, const char *name, struct distro *d)
{
    struct snapshots s;
    struct err e = {0};

    if (snapshots_load(p, name, &s, &e) < 0) {
        keep_first_warning(d, e.msg);
        return;
    }
    d->layered = strcmp(snapshots_format(s.active), "raw") != 0;
    d->disk_argument = snapshots_disk(&s, NULL);
    if (!d->layered) {
        free(d->disk);
        d->disk = file_path("%s/%s", s.folder, s.active);
    }
    if (d->disk)
        count_layers(&s, d);
    snapshots_release(&s);
}

static int fill(const char *folder, const char *name, const struct options *defaults,
                struct distro *d, struct err *e)
{
    auto_free char *conf = file_path("%s/distro.conf", folder);
    static const char *const names[] = {"installed", "source", "disk_format"};
    char *values[ARRAY_SIZE(names)] = {NULL};
    auto_free char *installed = NULL;
    struct tm tm = {0};

    snprintf(d->name, sizeof(d->name), "%s", name);
    if (!conf || options_copy(&d->options, defaults, e) < 0)
        return err_sys(e, ENOMEM, "distro %s", name);
    conf_read_options(conf, NULL, ORIGIN_DISTRO, &d->options, keep_first_warning, d);
    conf_read_strings(conf, names, values, ARRAY_SIZE(names));
    installed = values[0];
    d->source = values[1];
    d->disk_format = values[2];
    d->disk = file_path("%s/root.img", folder);
    if (installed && strptime(installed, TIME_FORMAT, &tm))
        d->installed = timegm(&tm);
    if (!d->disk_format)
        d->disk_format = strdup("raw");
    return d->disk && d->disk_format ? 0 : err_sys(e, ENOMEM, "distro %s", name);
}

int store_load(const struct paths *p, const struct options *defaults, const char *name,
               struct distro *d, struct err *e)
{
    auto_free char *folder = store_folder(p, "", name);
    int r;

    *d = (struct distro){0};
    if (!folder)
        return err_sys(e, ENOMEM, "distro %s", name);
    if (distro_name_check(name, NULL) < 0 || access(folder, F_OK) < 0)
        return distro_name_unknown(p, name, e);
    r = fill(folder, name, defaults, d, e);
    if (r == 0)
        fill_disk(p, name, d);
    if (r < 0)
        distro_release(d);
    return r;
}

/* Is the install under this folder's name still at work? */
static bool is_installing(const struct paths *p, const char *name)
{
    auto_free char *lock = file_path("%s/distros/" NEW_PREFIX "%s/lock", p->data, name);

    return lock && file_is_locked(lock);
}

/* The name of the distro whose folder or whose install's folder `entry` is; NULL: of none. */
static const char *name_of(const struct paths *p, const char *entry, bool *coming)
{
    const char *name = entry;

    *coming = strncmp(entry, NEW_PREFIX, strlen(NEW_PREFIX)) == 0;
    if (*coming)
        name += strlen(NEW_PREFIX);
    return distro_name_check(name, NULL) == 0 && (!*coming || is_installing(p, name)) ? name : NULL;
}

static int add_name(const struct paths *p, const char *entry, struct store_name **list, unsigned *count,
                    struct err *e)
{
    bool coming;
    const char *name = name_of(p, entry, &coming);
    struct store_name *more;

    if (!name)
        return 0;
    more = realloc(*list, (*count + 1) * sizeof(*more));
    if (!more)
        return err_sys(e, ENOMEM, "list of distros");
    *list = more;
    more[*count].installing = coming;
    snprintf(more[*count].name, sizeof(more[*count].name), "%s", name);
    ++*count;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct store_name *)a)->name, ((const struct store_name *)b)->name);
}

int store_list(const struct paths *p, struct store_name **list, unsigned *count, struct err *e)
{
    auto_free char *folder = file_path("%s/distros", p->data);
    auto_closedir DIR *dir = folder ? opendir(folder) : NULL;
    struct dirent *d;
    int r = 0;

    *list = NULL;
    *count = 0;
    if (!dir && errno != ENOENT)
        return err_sys(e, errno, "read folder %s", folder);
    while (r == 0 && dir && (d = readdir(dir)))
        r = add_name(p, d->d_name, list, count, e);
    if (r < 0) {
        free(*list);
        *list = NULL;
        *count = 0;
    } else if (*count) {
        qsort(*list, *count, sizeof(**list), by_name);
    }
    return r;
}

/* --- writing --- */

int store_write_conf(const char *folder, const char *source, const char *format, time_t installed,
                     const struct options *o, struct err *e)
{
    auto_free char *path = file_path("%s/distro.conf", folder);
    char when[32];
    struct tm tm;

    gmtime_r(&installed, &tm);
    strftime(when, sizeof(when), TIME_FORMAT, &tm);
    if (!path)
        return err_sys(e, ENOMEM, "write distro.conf");
    return conf_write(path,
                      (struct conf_string[]){
                          {"source", source}, {"installed", when}, {"disk_format", format}},
                      3, o, ORIGIN_DISTRO, e);
}

static int set_option(struct options *o, const char *option, const char *text, struct err *e)
{
    int id = option_find(option);

    if (text || id < 0)
        return options_set(o, option, text ? text : "", ORIGIN_DISTRO, e);
    return options_set(o, option, option_table[id].default_text, ORIGIN_DEFAULT, e);
}

/* `option`, which is about to be set, may be what is wrong; NULL: nothing may. */
static int check(const struct paths *p, const char *name, const char *option, struct err *e)
{
    auto_free char *folder = store_folder(p, "", name);
    auto_free char *conf = file_path("%s/distro.conf", folder ? folder : "");
    struct err why = {0};

    if (!folder || !conf)
        return err_sys(e, ENOMEM, "distro %s", name);
    if (access(conf, F_OK) < 0)
        return option ? 0 : err_set(e, ENOENT, "%s is gone, and with it what %s may share; `lxtop set %s shares none`, or "
                                    "another value, begins a new one", conf, name, name);
    if (conf_check(conf, &why) < 0)
        return err_set(e, why.code, "%s; repair it there, or `lxtop remove %s`", why.msg, name);
    if (conf_check_options(conf, option, &why) < 0)
        return err_set(e, why.code, "%s; repair it there, or by `lxtop set %s`", why.msg, name);
    return 0;
}

int store_check(const struct paths *p, const char *name, struct err *e)
{
    return check(p, name, NULL, e);
}

int store_set(const struct paths *p, const char *name, const char *option, const char *text,
              struct err *e)
{
    auto_free char *folder = store_folder(p, "", name);
    struct options defaults;
    struct distro d;
    int r;

    options_init(&defaults);
    r = folder ? store_load(p, &defaults, name, &d, e) : err_sys(e, ENOMEM, "distro %s", name);
    options_release(&defaults);
    if (r < 0)
        return r;
    r = check(p, name, option, e);
    if (r == 0)
        r = set_option(&d.options, option, text, e);
    if (r == 0)
        r = store_write_conf(folder, d.source ? d.source : "", d.disk_format, d.installed, &d.options, e);
    distro_release(&d);
    return r;
}
