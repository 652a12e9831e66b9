/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of core/snapshots*.c share; nobody else includes it. */
#ifndef CORE_SNAPSHOTS_PARTS_H
#define CORE_SNAPSHOTS_PARTS_H

#include "core/snapshots.h"

#define SNAPSHOTS_BASE "root.img"
#define SNAPSHOTS_TEMP ".new" /* behind the name of a layer that is not there yet */

/* What comes next, if its layer has its name: an active layer, and perhaps a snapshot of the old one. */
struct snapshots_next {
    const char *active, *base;
    const struct snapshot *snapshot; /* NULL: none is made */
    const char *drop; /* id of the snapshot that is no more, on which nothing stands; NULL or "": none */
    const char *undo; /* id that undo goes back to, "": none; NULL: as it is */
};

/* snapshots_file.c: the tree in snapshots.json.  `next` may be NULL. */
int snapshots_parse(const char *text, size_t len, struct snapshots *s, struct err *e);
int snapshots_write(const struct snapshots *s, const struct snapshots_next *next, struct err *e);

/* What was next is now. */
int snapshots_settle(struct snapshots *s, struct err *e);
bool snapshots_name_is_free(const struct snapshots *s, const char *name);
/* Reads the tree of s->folder anew; on an error all is released. */
int snapshots_reload(struct snapshots *s, struct err *e);

/* Takes the lock, then loads and sweeps: the descriptor, or -EBUSY and what to do. */
int snapshots_lock(const struct paths *p, const char *distro, struct snapshots *s, struct err *e);
/* By id alone: a name may look like another's id.  NULL: none. */
const struct snapshot *snapshots_by_id(const struct snapshots *s, const char *id);
/* Fresh hexadecimal digits. */
void snapshots_fresh_id(char id[SNAPSHOT_ID + 1]);
int snapshots_add(struct snapshots *s, const struct snapshot *from);
void snapshots_remove_row(struct snapshots *s, const char *id);
/* Deletes what nothing names; what is frozen stays so.  With the lock held. */
void snapshots_tidy(const struct snapshots *s);
/* As the header of another layer names it; the caller frees. */
char *snapshots_relative(const char *layer);
/* An empty layer over `below`, under its temporary name. */
int snapshots_make_layer(const struct snapshots *s, const char *layer, const char *below, struct err *e);
/* Renames a finished layer to its name, for good. */
int snapshots_rename(const char *from, const char *to, struct err *e);
/* What `to` holds is what `from` holds, and it has its date: a saved machine knows its disk by that. */
void snapshots_keep_date(const char *from, const char *to);
/* No more writes, whoever opens it: frozen. */
void snapshots_freeze(const struct snapshots *s, const char *layer);
/* Size in bytes of the active disk, of its layer's header or file. */
int snapshots_disk_size(const struct snapshots *s, const char *layer, uint64_t *size, struct err *e);

#endif
