/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine from the outside: its state in files, and the start of a new one.
 *
 * lxtop-vmm holds $state/machines/NAME/lock for its whole life and writes run.json beside it:
 * running means that the lock is taken, so no kill -9, no reused pid and no reboot can leave a
 * false trace.  A lock that is free under a run.json that says reason "none" is a machine that was
 * killed ("killed"), or lost with its host ("host-down", the boot id differs).
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <uv.h>

#include "config/paths.h"
#include "core/store.h"
#include "vmm/ctl.h"

#define MACHINE_WORD 32
#define MACHINE_TEXT 256

struct err;

/* In the order in which a distro goes through them; names by machine_state_name. */
enum machine_state {
    MACHINE_INSTALLING,
    MACHINE_STOPPED,
    MACHINE_STARTING,
    MACHINE_RUNNING,
    MACHINE_STOPPING,
    MACHINE_FAILED,
    MACHINE_SUSPENDED, /* saved: suspended.h */
    MACHINE_STATES
};
#define MACHINE_BIT(s) (1u << (s))
#define MACHINE_LIVE (MACHINE_BIT(MACHINE_STARTING) | MACHINE_BIT(MACHINE_RUNNING) | MACHINE_BIT(MACHINE_STOPPING))
#define MACHINE_DOWN                                                                               \
    (MACHINE_BIT(MACHINE_STOPPED) | MACHINE_BIT(MACHINE_FAILED) | MACHINE_BIT(MACHINE_SUSPENDED))

const char *machine_state_name(enum machine_state s);
/* The state that a control socket's word names; MACHINE_STATES when none. */
enum machine_state machine_state_of(const char *word);
/* A sentence part for people: "the guest's kernel panicked"; "" for an orderly end. */
const char *machine_reason_text(const char *reason);

/* What run.json and the lock say. */
struct machine_run {
    enum machine_state state;
    bool known; /* there is a run.json: it ran at least once */
    char reason[MACHINE_WORD];
    char detail[MACHINE_TEXT];
    char init[MACHINE_WORD], ready[MACHINE_WORD];
    char note[MACHINE_TEXT];
    pid_t pid;
    time_t started;
    int64_t phase_us[PHASES]; /* negative: not reached */
    bool emulated;
};
/* Never fails: what cannot be read is a machine that never ran.  `boot_id` of this host's boot. */
void machine_read(const struct paths *p, const char *name, struct machine_run *r);
/* The last run did not unmount its disk; of a suspended one that is as it should be. */
bool machine_unclean(const struct machine_run *r);

/* Paths of one machine; the caller frees. */
char *machine_socket(const struct paths *p, const char *name);
char *machine_vsock(const struct paths *p, const char *name);
char *machine_file(const struct paths *p, const char *name, const char *file);

/*
 * Starts a machine: e2fsck where the last run was unclean, kernel and initramfs, lxtop-vmm in a
 * session of its own.  A suspended one goes on where it was; if it cannot, it is told why and boots afresh.  `note` is told what is worth saying; `done` comes once and last, when the
 * control socket listens (code 0) or the start has failed; the start frees itself after it.
 */
struct machine_start_events {
    void (*note)(void *ctx, const char *text);
    void (*done)(void *ctx, const struct err *e);
    bool prepare; /* only to be saved when it is ready, for the next start: said to be stopping until then */
};
struct machine_start;
/* `d` is borrowed for the call. NULL and an error when nothing was begun; `done` then never comes. */
struct machine_start *machine_start(uv_loop_t *loop, const struct paths *p, const struct distro *d,
                                    const struct machine_start_events *ev, void *ctx, struct err *e);
/* Forgets the caller: no event comes any more.  What was begun goes on. */
void machine_start_detach(struct machine_start *s);

/*
 * Takes the machine's lock while it is stopped, so that nobody can start it: the descriptor, or -EBUSY.  The
 * lock, and not the model, says that nobody has started it since the last look.
 */
int machine_lock(const struct paths *p, const char *name, struct err *e);
/* SIGKILL for a lxtop-vmm that does not answer; -ESRCH unless the lock is taken by that process. */
int machine_kill(const struct paths *p, const char *name, struct err *e);
/* The last `lines` lines of the console log as plain text, each ending in a newline; caller frees. */
char *machine_console_tail(const struct paths *p, const char *name, unsigned lines);

#endif
