/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The snapshots of a distro: a tree of disk states, each optionally with the memory of its machine.
 *
 *   distros/NAME/root.img          the base, as the install made it (raw)
 *   distros/NAME/layers/ID.qcow2   what changed over the layer below; ID.img: another raw base
 *   distros/NAME/memory/ID/        of a snapshot with memory; its files are vmm/snapshot's
 *   distros/NAME/snapshots.json    the tree, and which layer is the active one; none: no snapshot yet
 *   distros/NAME/snapshots.lock    held (file_lock) by whoever changes any of it
 *
 * The active layer is what the machine writes.  To take a snapshot is to put a new, empty layer over
 * it: the layer that was active is frozen (mode 0400) and never written again, by nobody.  A frozen
 * layer may therefore have several names (hard links of a clone).  All of it in constant time.
 *
 * kill -9 and power loss at any moment lose nothing and leave no half snapshot.  A change is first
 * written into snapshots.json as what comes `next`, naming a layer that is still under its temporary
 * name; its renaming is the one moment at which the change happens, and whoever reads decides by which
 * name it finds.  For a running machine lxtop-vmm does that renaming, between the last write to the old
 * layer and the first to the new one (vmm/ctl.h, "snapshot").  What nothing names is debris:
 * snapshots_sweep, and every change, deletes it.
 *
 * Memory belongs to just the disk state of its snapshot, which lxtop-vmm knows by the date of the frozen layer:
 * what a layer is merged or copied into has the date of that layer, since it holds the same disk.
 * A restore of a snapshot with memory, and a clone of one, is suspended (suspended.h): it goes on there.
 */
#ifndef CORE_SNAPSHOTS_H
#define CORE_SNAPSHOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "config/paths.h"

struct err;

#define SNAPSHOT_ID 16         /* hexadecimal digits */
#define SNAPSHOT_NAME_MAX 63
#define SNAPSHOT_NOTE_MAX 1000
#define SNAPSHOTS_MAX 1000     /* of a distro */
#define SNAPSHOTS_DEPTH_MAX 120 /* layers one over the other: SPEC_BACKING_MAX */

struct snapshot {
    char id[SNAPSHOT_ID + 1];
    char parent[SNAPSHOT_ID + 1]; /* "": stands on nothing */
    char name[SNAPSHOT_NAME_MAX + 1];
    char *note;                   /* "": none */
    time_t created;
    char *layer;                  /* "root.img" or "layers/...": its disk state, over its parent's */
    bool memory;                  /* memory/ID is there and holds the machine that ran on it */
};

struct snapshots {
    char *folder;                 /* distros/NAME */
    struct snapshot *list;        /* parents before their children */
    unsigned count;
    char *active;                 /* the layer that is written, as `layer` */
    char base[SNAPSHOT_ID + 1];   /* the snapshot on which it stands; "": none */
    char undo[SNAPSHOT_ID + 1];   /* what the disk held before it last went back to a snapshot; "": nothing kept */
    char machine_id[33];          /* of a clone: its own /etc/machine-id, for the guest; "": as it is */
};

/* The tree as it is at this moment.  -ENOENT: no such distro; -EINVAL: snapshots.json is damaged. */
int snapshots_load(const struct paths *p, const char *distro, struct snapshots *s, struct err *e);
void snapshots_release(struct snapshots *s);

/* By name, else by id; NULL: none. */
const struct snapshot *snapshots_find(const struct snapshots *s, const char *name);
/* As snapshots_find; the error tells what there is. */
const struct snapshot *snapshots_get(const struct snapshots *s, const char *name, struct err *e);
/* Is `id` the snapshot `of`, or one that it stands on? */
bool snapshots_is_below(const struct snapshots *s, const char *id, const char *of);
int snapshots_check_name(const char *name, struct err *e);

/* "raw" or "qcow2", by the ending that snapshots.json states; never probed. */
const char *snapshots_format(const char *layer);
/*
 * The disk of a snapshot, or with NULL the active one, for lxtop-vmm's --disk: "PATH,format=F" and a
 * ",backing=PATH:F" for each layer below.  The caller frees; NULL for lack of memory.
 */
char *snapshots_disk(const struct snapshots *s, const struct snapshot *of);
/* The same as file names, the top one first, ends in NULL; free with snapshots_free_files. */
char **snapshots_files(const struct snapshots *s, const struct snapshot *of);
void snapshots_free_files(char **files);
/* Absolute path of the folder memory/ID; the caller frees. */
char *snapshots_memory(const struct snapshots *s, const char *id);
/* What it takes of this host's disk; 0: there is none.  NULL: the active layer. */
int64_t snapshots_memory_bytes(const struct snapshots *s, const struct snapshot *n);
int64_t snapshots_layer_bytes(const struct snapshots *s, const struct snapshot *n);

/* --- changes: the distro must be stopped (its machine's lock held) where nothing else is said --- */

/*
 * A snapshot being made.  Between begin and commit nothing has happened yet.  `from` is to be renamed
 * to `to` at the moment of the snapshot: by lxtop-vmm where the machine runs, else by snapshots_commit.
 */
struct snapshot_new {
    struct snapshots s;
    char id[SNAPSHOT_ID + 1];
    char *from, *to;   /* absolute paths of the new active layer */
    char *memory;      /* absolute path of memory/ID, which is not there yet; NULL: without memory */
    int lock_fd;       /* -1: not begun */
};
/*
 * For a stopped or a running distro.  `name` NULL: a name is made of the time.  With `memory` the
 * machine makes n->memory; the snapshot has memory once that is there.  -EEXIST: the name is taken; -EBUSY: another lxtop
 * is changing this distro's snapshots.
 */
int snapshots_begin(const struct paths *p, const char *distro, const char *name, const char *note,
                    bool memory, struct snapshot_new *n, struct err *e);
/* Renames unless lxtop-vmm has, and tidies up: from the renaming on the snapshot is there. */
int snapshots_commit(struct snapshot_new *n, struct err *e);
/* Gives it up, unless the renaming has happened; releases all, also after a commit. */
void snapshots_abort(struct snapshot_new *n);

/*
 * The disk is the snapshot's again: a new active layer over it, in constant time.  Where the snapshot has memory the
 * distro is suspended at it then.  What the disk held, and a machine saved with it, is kept as a snapshot for the undo,
 * unless nothing was written since it was a snapshot's; `kept` (SNAPSHOT_NAME_MAX + 1, or NULL) is its name or "".  One
 * is kept: that of the restore before goes then (snapshots_lost).
 */
int snapshots_restore(const struct paths *p, const char *distro, const char *snapshot, char *kept, struct err *e);
/*
 * Takes the last restore back, in constant time: the disk is what was kept, which is no snapshot any more then.  What the
 * disk holds now is kept in the same way, so that a second undo takes the first one back.  -ENOENT: there is none.
 */
int snapshots_undo(const struct paths *p, const char *distro, char *kept, struct err *e);
/* What the undo goes back to; NULL: nothing. */
const struct snapshot *snapshots_undo_to(const struct snapshots *s);
/* What is lost by a restore of `target`: kept by the one before, and nothing stands on it.  NULL: nothing. */
const struct snapshot *snapshots_lost(const struct snapshots *s, const struct snapshot *target);
/* New name (NULL: the old one) and note (NULL: the old one); also of a running distro. */
int snapshots_describe(const struct paths *p, const char *distro, const char *snapshot,
                       const char *name, const char *note, struct err *e);
/* The snapshot has no memory any more (it cannot be used, or is to be made anew); also of a running one. */
int snapshots_drop_memory(const struct paths *p, const char *distro, const char *snapshot, struct err *e);

/* For what takes long.  `progress` may be NULL: bytes; `note`, too: what the user should know of the result. */
struct snapshots_work {
    const atomic_bool *cancel; /* NULL: never */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
    void (*note)(void *ctx, const char *text);
};
/*
 * What stands on it is merged with it.  Also of a running distro (`live`), but for the snapshot on which
 * its machine's own layer stands: -EBUSY.  -ECANCELED and all other errors: nothing has changed.
 */
int snapshots_delete(const struct paths *p, const char *distro, const char *snapshot, bool live,
                     const struct snapshots_work *work, struct err *e);

struct options;
/*
 * A new distro `name` that begins where the snapshot is, with another machine id; the two do not need
 * each other from then on.  Also of a running distro.  Where its memory cannot be shared, it boots, and a note
 * says so.  The errors of store_begin.
 */
int snapshots_clone(const struct paths *p, const struct options *defaults, const char *distro,
                    const char *snapshot, const char *name, const struct snapshots_work *work, struct err *e);

/* Deletes what nothing names, in all distros, unless somebody is at work there. */
void snapshots_sweep(const struct paths *p);

#endif
