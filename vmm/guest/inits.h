/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The init systems of distros: how each is known, when it is ready, how it is asked to power off.
 */
#ifndef VMM_GUEST_INITS_H
#define VMM_GUEST_INITS_H

#include <stdbool.h>

enum ready_by {
    READY_AT_ONCE,   /* our own: there is nothing to wait for */
    READY_SYSTEMCTL, /* `systemctl is-system-running` says running or degraded */
    READY_RC_DONE,   /* none of its rc scripts runs any more */
    READY_RC_SEEN,   /* the same of one that has to begin with them: once one was seen */
    READY_FILE,      /* it makes `ready_file` when its scripts have run */
};

struct init_kind {
    const char *name;            /* as the agent tells it */
    const char *mark;            /* a path that exists in its roots */
    const char *program;         /* what is executed; NULL: our own */
    const char *points_to;       /* if not NULL: in the name that `program`, a link, leads to */
    enum ready_by ready;
    const char *ready_file;      /* READY_FILE */
    int power_off_signal;        /* sent to PID 1; 0: none asks it to power off, but ... */
    const char *power_off_line;  /* ... this line of root's shell does */
};

/* The first row that fits the root file system (already /); the last row, our own, fits all.  Without
 * `systemd` it is as if that were not there. */
const struct init_kind *inits_find(bool systemd);
/* For lxtop.init=: of no known kind. */
extern const struct init_kind inits_custom;
/* Is an rc script of PID 1's start still running? */
bool inits_rc_running(void);

#endif
