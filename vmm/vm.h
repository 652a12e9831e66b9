/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One machine: everything of it, built in the visible order of vm_new and taken down in reverse.
 *
 * vm_new opens all and builds; vm_run starts the vCPUs and runs the device loop in the caller's
 * thread until the machine ends for one of the reasons of vmm/ctl.h.  The other functions are the
 * commands of the control socket; they run on the loop thread with the lock held.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "vmm/ctl.h"

struct forward;
struct spec;
struct vm;

/* `started_us`: CLOCK_MONOTONIC at which the process was executed. `spec` is borrowed. */
struct vm *vm_new(const struct spec *spec, uint64_t started_us, struct err *e);
void vm_free(struct vm *vm);

/* Runs to the machine's end; *detail (borrowed until vm_free) says more, or "". */
enum ctl_exit vm_run(struct vm *vm, const char **detail, struct err *e);

json_t *vm_status(struct vm *vm); /* new references */
json_t *vm_stats(struct vm *vm, struct err *e);
/* Saves the machine (snapshot.h), and ends it or lets it go on; what a reply tells goes to `reply` (NULL: nobody asks). */
int vm_save(struct vm *vm, const char *folder, bool end, json_t *reply, struct err *e);
void vm_pause(struct vm *vm);
void vm_resume(struct vm *vm);
/* Asks the guest to power off and forces it after the deadline; `force` at once. */
void vm_stop(struct vm *vm, bool force, int deadline_ms);
/* Tells the guest what time it is: after whatever its own clock cannot have noticed. */
void vm_tell_time(struct vm *vm);
/* Ends by itself once nobody has used it for so long; 0: never.  Counts from now. */
void vm_set_idle(struct vm *vm, int64_t timeout_ms);
/* Somebody is about to use it; -ESHUTDOWN: too late, it is on its way down. */
int vm_use(struct vm *vm, struct err *e);
void vm_resize(struct vm *vm, unsigned rows, unsigned cols);
json_t *vm_forwards(struct vm *vm); /* new reference; as the reply to "forward" (ctl.h) has them */
int vm_forward(struct vm *vm, const struct forward *f, bool add, struct err *e);
/*
 * A snapshot of the disk `disk` (its id): disk.h says of what.  With `memory` (a folder to make) that of the
 * machine itself, too, in the same moment.  The guest is asked to hold its file system still meanwhile.  `done`
 * comes once, perhaps before this returns; e->code 0: the disk's is taken.
 */
struct vm_snapshot_result {
    bool frozen;          /* the guest's file system was held still */
    uint64_t pause_us;    /* with memory: how long the machine stood still */
    uint64_t memory_bytes;
    struct err memory;    /* code 0: its memory is there, if it was wanted */
};
typedef void vm_snapshot_done(void *ctx, const struct vm_snapshot_result *result, const struct err *e);
struct vm_snapshot_order {
    const char *disk, *from, *to;
    const char *memory; /* NULL: of the disk alone */
};
int vm_snapshot(struct vm *vm, const struct vm_snapshot_order *o, vm_snapshot_done *done, void *ctx,
                struct err *e);
/* A viewer of the console, who has typed `typed` already; takes the descriptor. */
int vm_add_viewer(struct vm *vm, int fd, const char *typed, size_t len, struct err *e);

#endif
