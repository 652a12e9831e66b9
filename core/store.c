/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/conf.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/snapshots.h"

#define NEW_PREFIX ".new-"
#define OLD_PREFIX ".old-"
#define LOCK_TRIES 100
#define TIME_FORMAT "%Y-%m-%dT%H:%M:%SZ"

static char *folder_path(const struct paths *p, const char *prefix, const char *name)
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

/* --- names --- */

/* Not islower() and the like: those take more letters in some locales. */
static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int store_check_name(const char *name, struct err *e)
{
    size_t len = strlen(name);
    bool ok = len >= 1 && len <= NAME_MAX_LEN && is_letter(name[0]) && name[len - 1] != '-';

    for (size_t i = 0; ok && i < len; i++)
        ok = is_letter(name[i]) || is_digit(name[i]) || name[i] == '-';
    if (ok)
        return 0;
    return err_set(e, EINVAL, "'%.80s' is no name for a distro: use a-z, 0-9 and '-', a letter first, "
                   "no '-' at the end, at most %d characters", name, NAME_MAX_LEN);
}

/* The last part of a path without what archives put behind a name. */
static void base_name(const char *source, char *name, size_t size)
{
    static const char *const endings[] = {".tar", ".tgz", ".txz", ".wsl", ".gz", ".xz",
                                          ".zst", ".bz2", ".lz4", "-rootfs", "_rootfs"};
    auto_free char *copy = strdup(source);
    char *base;
    bool cut = true;

    name[0] = '\0';
    if (!copy)
        return;
    while (*copy && copy[strlen(copy) - 1] == '/')
        copy[strlen(copy) - 1] = '\0';
    base = strrchr(copy, '/') ? strrchr(copy, '/') + 1 : copy;
    while (cut) {
        cut = false;
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
            size_t len = strlen(base), n = strlen(endings[i]);

            if (len > n && strcmp(base + len - n, endings[i]) == 0) {
                base[len - n] = '\0';
                cut = true;
            }
        }
    }
    snprintf(name, size, "%s", base);
}

static void make_valid(char *name)
{
    size_t len = 0;

    for (const char *p = name; *p; p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;

        if (!is_letter(c) && !is_digit(c))
            c = '-';
        if (len == 0 && !is_letter(c))
            continue;
        if (c == '-' && name[len - 1] == '-')
            continue;
        name[len++] = c;
    }
    while (len && name[len - 1] == '-')
        len--;
    name[len] = '\0';
    if (!len)
        strcpy(name, "distro");
}

static bool is_taken(const struct paths *p, const char *name)
{
    auto_free char *there = folder_path(p, "", name);
    auto_free char *coming = folder_path(p, NEW_PREFIX, name);

    return there && coming && (access(there, F_OK) == 0 || access(coming, F_OK) == 0);
}

char *store_suggest_name(const struct paths *p, const char *source)
{
    char base[NAME_MAX_LEN - 4], name[NAME_MAX_LEN + 1];

    base_name(source, base, sizeof(base));
    make_valid(base);
    snprintf(name, sizeof(name), "%s", base);
    for (unsigned n = 2; is_taken(p, name) && n < 1000; n++)
        snprintf(name, sizeof(name), "%s-%u", base, n);
    return strdup(name);
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
    auto_free char *folder = folder_path(p, "", name);
    int r;

    *d = (struct distro){0};
    if (!folder)
        return err_sys(e, ENOMEM, "distro %s", name);
    if (store_check_name(name, NULL) < 0 || access(folder, F_OK) < 0)
        return err_set(e, ENOENT, "there is no distro named '%.80s'; `lxtop list` shows them", name);
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

static int add_distro(const struct paths *p, const struct options *defaults, const char *entry,
                      struct distro **list, unsigned *count, struct err *e)
{
    bool coming = strncmp(entry, NEW_PREFIX, strlen(NEW_PREFIX)) == 0;
    const char *name = coming ? entry + strlen(NEW_PREFIX) : entry;
    struct distro *more;
    int r;

    if (store_check_name(name, NULL) < 0 || (coming && !is_installing(p, name)))
        return 0;
    more = realloc(*list, (*count + 1) * sizeof(*more));
    if (!more)
        return err_sys(e, ENOMEM, "list of distros");
    *list = more;
    if (coming) {
        more[*count] = (struct distro){.installing = true};
        snprintf(more[*count].name, sizeof(more[*count].name), "%s", name);
        options_init(&more[*count].options);
        r = 0;
    } else {
        r = store_load(p, defaults, name, &more[*count], e);
    }
    if (r == 0)
        ++*count;
    return r == -ENOENT ? 0 : r; /* removed between the look at the folder and now */
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct distro *)a)->name, ((const struct distro *)b)->name);
}

int store_list(const struct paths *p, const struct options *defaults, struct distro **list,
               unsigned *count, struct err *e)
{
    auto_free char *folder = file_path("%s/distros", p->data);
    auto_closedir DIR *dir = folder ? opendir(folder) : NULL;
    struct dirent *d;

    *list = NULL;
    *count = 0;
    if (!dir && errno != ENOENT)
        return err_sys(e, errno, "read folder %s", folder);
    while (dir && (d = readdir(dir)))
        if (add_distro(p, defaults, d->d_name, list, count, e) < 0) {
            store_list_free(*list, *count);
            *list = NULL;
            *count = 0;
            return e ? -e->code : -EIO;
        }
    if (*count)
        qsort(*list, *count, sizeof(**list), by_name);
    return 0;
}

void store_list_free(struct distro *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        distro_release(&list[i]);
    free(list);
}

/* --- writing --- */

static int write_conf(const char *folder, const char *source, const char *format, time_t installed,
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

int store_set(const struct paths *p, const char *name, const char *option, const char *text,
              struct err *e)
{
    auto_free char *folder = folder_path(p, "", name);
    auto_free char *conf = file_path("%s/distro.conf", folder ? folder : "");
    struct options defaults;
    struct distro d;
    int r;

    options_init(&defaults);
    r = folder && conf ? store_load(p, &defaults, name, &d, e) : err_sys(e, ENOMEM, "distro %s", name);
    options_release(&defaults);
    if (r < 0)
        return r;
    if (access(conf, F_OK) == 0)
        r = conf_check(conf, e);
    if (r == 0)
        r = set_option(&d.options, option, text, e);
    if (r == 0)
        r = write_conf(folder, d.source ? d.source : "", d.disk_format, d.installed, &d.options, e);
    distro_release(&d);
    return r;
}

/* --- installs --- */

static int name_taken(const char *name, struct err *e)
{
    return err_set(e, EEXIST, "there is a distro named '%s' already; give another name with --name",
                   name);
}

/* -ESTALE: what was locked has meanwhile been removed by its last owner, or a sweep. */
static int lock_once(struct store_new *n, const char *lock, struct err *e)
{
    struct stat ours, there;

    if (mkdir(n->folder, 0700) < 0 && errno != EEXIST)
        return err_sys(e, errno, "make folder %s", n->folder);
    n->lock_fd = file_lock(lock, e);
    if (n->lock_fd == -EAGAIN)
        return err_set(e, EEXIST, "a distro named '%s' is being installed already", n->name);
    if (n->lock_fd < 0)
        return n->lock_fd == -ENOENT ? err_sys(e, ESTALE, "%s", lock) : n->lock_fd;
    if (fstat(n->lock_fd, &ours) == 0 && stat(lock, &there) == 0 && ours.st_ino == there.st_ino &&
        ours.st_dev == there.st_dev)
        return 0;
    close(n->lock_fd);
    n->lock_fd = -1;
    return err_sys(e, ESTALE, "%s", lock);
}

static int lock_folder(struct store_new *n, struct err *e)
{
    auto_free char *lock = file_path("%s/lock", n->folder);
    int r = lock ? -ESTALE : err_sys(e, ENOMEM, "install %s", n->name);

    for (int i = 0; r == -ESTALE && i < LOCK_TRIES; i++)
        r = lock_once(n, lock, e);
    return r;
}

static void clear_folder(const char *folder)
{
    static const char *const left[] = {"root.img", "layers", "snapshots.json"};

    for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
        auto_free char *path = file_path("%s/%s", folder, left[i]);

        if (path)
            file_remove_tree(path, NULL);
    }
}

int store_begin(const struct paths *p, const char *name, struct store_new *n, struct err *e)
{
    auto_free char *there = folder_path(p, "", name);
    auto_free char *folder = file_path("%s/distros", p->data);
    int r = store_check_name(name, e);

    *n = (struct store_new){.lock_fd = -1};
    if (r < 0)
        return r;
    snprintf(n->name, sizeof(n->name), "%s", name);
    n->folder = folder_path(p, NEW_PREFIX, name);
    if (!there || !folder || !n->folder)
        r = err_sys(e, ENOMEM, "install %s", name);
    else
        r = file_mkdirs(folder, 0700, e);
    if (r == 0)
        r = lock_folder(n, e);
    if (r == 0 && access(there, F_OK) == 0)
        r = name_taken(name, e);
    if (r < 0 && n->lock_fd >= 0) {
        store_abort(n);
    } else if (r < 0) {
        free(n->folder);
        n->folder = NULL;
    } else { /* what a process that died left under this name */
        clear_folder(n->folder);
    }
    return r;
}

static int sync_disk(const char *folder, struct err *e)
{
    auto_free char *disk = file_path("%s/root.img", folder);
    auto_free char *layers = file_path("%s/layers", folder);
    auto_close int fd = disk ? open(disk, O_RDONLY | O_CLOEXEC) : -1;

    if (!layers || (fd < 0 && errno != ENOENT) || (fd >= 0 && fsync(fd) < 0))
        return err_sys(e, errno, "sync the new disk");
    if (access(layers, F_OK) == 0 && file_fsync_dir(layers, e) < 0) /* a clone's, synced themselves */
        return -EIO;
    return file_fsync_dir(folder, e);
}

int store_commit(const struct paths *p, struct store_new *n, const char *source,
                 const char *disk_format, const struct options *o, struct err *e)
{
    auto_free char *there = folder_path(p, "", n->name);
    auto_free char *folder = file_path("%s/distros", p->data);
    auto_free char *lock = NULL;
    int r;

    if (!there || !folder)
        return err_sys(e, ENOMEM, "install %s", n->name);
    r = write_conf(n->folder, source, disk_format, time(NULL), o, e);
    if (r == 0)
        r = sync_disk(n->folder, e);
    if (r < 0)
        return r;
    /* RENAME_NOREPLACE: a distro of this name that appeared meanwhile is not replaced. */
    if (renameat2(AT_FDCWD, n->folder, AT_FDCWD, there, RENAME_NOREPLACE) < 0)
        return errno == EEXIST ? name_taken(n->name, e)
                               : err_sys(e, errno, "rename %s", n->folder);
    r = file_fsync_dir(folder, e);
    lock = file_path("%s/lock", there);
    if (lock)
        unlink(lock);
    close(n->lock_fd);
    free(n->folder);
    *n = (struct store_new){.lock_fd = -1};
    return r;
}

/* --- removal --- */

/*
 * A folder of a distro goes: first its name, at once, then what is in it.  Removed in place it could be
 * entered by the next install of the name as soon as its lock is gone, and that one's files would go, too.
 */
static int remove_folder(const char *folder, struct err *e)
{
    int dir = (int)(strrchr(folder, '/') - folder);
    auto_free char *old = file_path("%.*s/" OLD_PREFIX "XXXXXX", dir, folder);

    if (!old)
        return err_sys(e, ENOMEM, "remove %s", folder);
    if (!mkdtemp(old))
        return err_sys(e, errno, "make folder %s", old);
    if (rename(folder, old) < 0) { /* onto an empty folder */
        int code = errno;

        rmdir(old);
        return err_sys(e, code, "rename %s", folder);
    }
    return file_remove_tree(old, e);
}

void store_abort(struct store_new *n)
{
    if (n->folder)
        remove_folder(n->folder, NULL);
    if (n->lock_fd >= 0)
        close(n->lock_fd);
    free(n->folder);
    *n = (struct store_new){.lock_fd = -1};
}

int store_remove(const struct paths *p, const char *name, struct err *e)
{
    auto_free char *folder = folder_path(p, "", name);

    if (!folder)
        return err_sys(e, ENOMEM, "remove %s", name);
    if (store_check_name(name, NULL) < 0 || access(folder, F_OK) < 0)
        return err_set(e, ENOENT, "there is no distro named '%.80s'; `lxtop list` shows them", name);
    return remove_folder(folder, e);
}

static void sweep_new(const struct paths *p, const char *entry)
{
    struct store_new n = {.lock_fd = -1, .folder = file_path("%s/distros/%s", p->data, entry)};

    /* With the lock taken nobody else works there: what is there is debris. */
    if (n.folder && lock_folder(&n, NULL) == 0)
        store_abort(&n);
    free(n.folder);
}

void store_sweep(const struct paths *p)
{
    auto_free char *folder = file_path("%s/distros", p->data);
    auto_closedir DIR *dir = folder ? opendir(folder) : NULL;
    struct dirent *d;

    while (dir && (d = readdir(dir))) {
        auto_free char *path = file_path("%s/%s", folder, d->d_name);

        if (strncmp(d->d_name, NEW_PREFIX, strlen(NEW_PREFIX)) == 0)
            sweep_new(p, d->d_name);
        else if (path && strncmp(d->d_name, OLD_PREFIX, strlen(OLD_PREFIX)) == 0)
            file_remove_tree(path, NULL);
    }
}
