/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The installed distros, as plain files: $data/distros/NAME/{distro.conf, root.img}, and those of its
 * snapshots (snapshots.h).
 *
 * Nothing here needs a daemon, and kill -9 at any moment leaves no half distro:
 *   - an install works in distros/.new-NAME/, whose file `lock` it holds, and renames at the end;
 *   - a removal first renames to distros/.old-NAME-XXXXXX/, then deletes;
 *   - what is found under these names without a lock held is debris: store_sweep deletes it.
 * distro.conf (libconfig) holds what was set at the install and since: settings by the names of the
 * option table, `source` and `installed` (ISO date); written atomically.
 */
#ifndef CORE_STORE_H
#define CORE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "config/option.h"
#include "config/paths.h"
#include "core/distro_name.h"

struct err;

struct distro {
    char name[NAME_MAX_LEN + 1];
    char *source;            /* as the person gave it */
    time_t installed;
    char *disk;              /* absolute path of root.img, or what has taken its place */
    char *disk_format;       /* of root.img, "raw"; stated, never probed */
    char *disk_argument;     /* for lxtop-vmm's --disk: the active layer and those below (snapshots.h);
                                NULL: snapshots.json is damaged, as `warning` says */
    unsigned layers;         /* beside root.img that the disk is made of now */
    int64_t layers_used;     /* bytes that they take of this host's disk */
    bool layered;            /* the disk is not root.img alone: no program reads it as a file */
    char *warning;           /* the first thing wrong with distro.conf, with its line; NULL: nothing */
    struct options options;  /* defaults, lxtop.conf, distro.conf laid over each other */
};
void distro_release(struct distro *d);

/* A free name made from a source ("Debian_12.tar.xz" -> "debian-12", "debian-12-2", ...); caller frees. */
char *store_suggest_name(const struct paths *p, const char *source);

struct store_name {
    char name[NAME_MAX_LEN + 1];
    bool installing; /* being installed by a live process: store_load does not know it yet */
};
/* All distros, by name; *list is one allocation, which the caller frees (NULL: there are none). */
int store_list(const struct paths *p, struct store_name **list, unsigned *count, struct err *e);
/* -ENOENT "no distro named ...; `lxtop list` shows them". */
int store_load(const struct paths *p, const struct options *defaults, const char *name,
               struct distro *d, struct err *e);
/*
 * Is all that was set for it there?  -EINVAL with file and line: distro.conf, or a row of it, cannot be read;
 * -ENOENT: it is gone.  store_load makes do with the defaults then, which may share what was not to be shared.
 */
int store_check(const struct paths *p, const char *name, struct err *e);
/* Changes one setting of a distro (by option name) in its distro.conf, or takes it out (`text` NULL); a
 * file that is gone is begun anew by it, one that is broken elsewhere is left alone. */
int store_set(const struct paths *p, const char *name, const char *option, const char *text,
              struct err *e);

/* An install under way: owns the lock and the folder .new-NAME. */
struct store_new {
    char name[NAME_MAX_LEN + 1];
    char *folder;
    int lock_fd;
};
/* -EEXIST when the name is taken, also by an install under way. */
int store_begin(const struct paths *p, const char *name, struct store_new *n, struct err *e);
/* Writes distro.conf, syncs, renames: from here on the distro exists. */
int store_commit(const struct paths *p, struct store_new *n, const char *source,
                 const char *disk_format, const struct options *o, struct err *e);
/* Removes everything; harmless after a commit. */
void store_abort(struct store_new *n);

int store_remove(const struct paths *p, const char *name, struct err *e);
/* Deletes the debris of processes that died. */
void store_sweep(const struct paths *p);

#endif
