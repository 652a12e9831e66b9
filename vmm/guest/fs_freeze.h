/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holding the distro's file system still while the host takes a snapshot of its disk (agent.h, "freeze").
 *
 * FIFREEZE writes everything out and can take long, so a child does it; and whatever happens to the host,
 * the file system is let go after FS_FREEZE_MS.
 */
#ifndef VMM_GUEST_FS_FREEZE_H
#define VMM_GUEST_FS_FREEZE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FS_FREEZE_MS 15000

struct fs_freeze {
    pid_t child;    /* freezing; 0: none */
    bool frozen, let_go;
    int64_t until; /* clock_ms: then it is let go */
};

/* Nothing where it is frozen, or about to be. */
void fs_freeze_begin(struct fs_freeze *f);
/* `pid` has ended: was it the child?  *ok: it is frozen now. */
bool fs_freeze_ended(struct fs_freeze *f, pid_t pid, int status, bool *ok);
void fs_freeze_thaw(struct fs_freeze *f);
/* Is there a deadline to be kept?  Then fs_freeze_look, now and then. */
bool fs_freeze_is_busy(const struct fs_freeze *f);
void fs_freeze_look(struct fs_freeze *f);

#endif
