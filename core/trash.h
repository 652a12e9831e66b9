/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removed distros that can be brought back: $data/trash/NAME@SECONDS, the folder as it was, and beside the
 * other machines' $state/removed/NAME@SECONDS, what is known of its last run.  SECONDS (since 1970) say when it was removed.
 *
 * A removal and its undo are renames, durable, whatever the size.  The machine's lock is the caller's, so that
 * nobody starts it meanwhile.  How long it stays there is the distro's own setting `trash`.
 */
#ifndef CORE_TRASH_H
#define CORE_TRASH_H

#include <stdint.h>
#include <time.h>

#include "core/store.h"

struct err;

struct trashed {
    char name[NAME_MAX_LEN + 1];
    time_t removed;
};

/* Its distro and all that is known of it go into the trash. -ENOENT as store_load. */
int trash_put(const struct paths *p, const char *name, struct err *e);
/* What is in there, the newest first; one allocation, which the caller frees. NULL: nothing, or no memory. */
struct trashed *trash_list(const struct paths *p, unsigned *count);
/* When the trash was changed last, to see that it need not be read again; 0: there is none. */
int64_t trash_changed_ns(const struct paths *p);
/* Until when it is kept. */
time_t trash_until(const struct paths *p, const struct options *defaults, const struct trashed *t);
/* Bytes of this host's disk that it takes. */
int64_t trash_used(const struct paths *p, const struct trashed *t);
/* Brings the newest of that name back, as `as` (NULL: as it was).  -ENOENT; -EEXIST: the name is in use. */
int trash_restore(const struct paths *p, const char *name, const char *as, struct err *e);
/* For good; -ENOENT where it is not there (any more). */
int trash_delete(const struct paths *p, const struct trashed *t, struct err *e);

#endif
