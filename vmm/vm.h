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

#include "vmm/ctl.h"

struct err;
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
 * A snapshot of the disk `disk` (its id): disk.h says of what.  `done` comes once, perhaps before this
 * returns: `frozen`, the guest's file system was held still; e->code 0: it is taken.
 */
typedef void vm_snapshot_done(void *ctx, bool frozen, const struct err *e);
int vm_snapshot(struct vm *vm, const char *disk, const char *from, const char *to, vm_snapshot_done *done,
                void *ctx, struct err *e);
/* A viewer of the console, who has typed `typed` already; takes the descriptor. */
int vm_add_viewer(struct vm *vm, int fd, const char *typed, size_t len, struct err *e);

#endif
