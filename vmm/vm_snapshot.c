/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot of a disk of the running machine (vmm/ctl.h, "snapshot"): the guest holds its file system
 * still, all is flushed, the disk goes on in another image, the guest lets go.  A guest that cannot, or
 * does not answer in time, gets a snapshot as after a loss of power.
 *
 * With its memory: while the file system is held the vCPUs stand still, memory and state are copied to files,
 * the disk goes on in another image, the vCPUs go on.  So the disk alone is whole, too, where the memory cannot
 * be used; a machine that goes on from it lets go first (vmm/guest/agent.c).  The files are completed and synced
 * by a thread of their own, the keeper, while the machine runs already, and named last: a snapshot has whole
 * memory or none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "vmm/devices.h"
#include "vmm/io.h"
#include "vmm/spec.h"
#include "vmm/vcpu.h"
#include "vmm/virtio_blk.h"
#include "vmm/vm_parts.h"

#define FREEZE_MS 10000 /* less than lxtop-guest's own deadline */

static void let_go(struct vm *vm)
{
    if (vm->snapshot.asked)
        devices_agent_send(vm->devices, "thaw\n");
    vm->snapshot.asked = false;
}

static void finish(struct vm *vm, const struct err *e)
{
    struct vm_snapshot s;

    loop_timer_set(&vm->freeze_timer, -1);
    let_go(vm);
    s = vm->snapshot;
    vm->snapshot = (struct vm_snapshot){0};
    snapshot_drop(vm, &s.saving); /* before whoever waits asks for the next */
    if (s.done)
        s.done(s.ctx, &s.result, e);
    free(s.from);
    free(s.to);
    free(s.memory);
}

/* --- of the disk alone --- */

static void on_flushed(void *ctx, int result)
{
    struct vm *vm = ctx;
    struct vm_snapshot *s = &vm->snapshot;
    struct err e = {0};

    if (result < 0) {
        err_sys(&e, -result, "write the disk out");
    } else {
        io_drain(s->blk->io);
        disk_push(&s->blk->disk, s->from, s->to, &e);
    }
    finish(vm, &e);
}

static void flush(struct vm *vm)
{
    struct virtio_blk *b = vm->snapshot.blk;

    vm->snapshot.flushing = true;
    loop_timer_set(&vm->freeze_timer, -1);
    b->disk.format->flush(&b->disk, on_flushed, vm);
    io_submit(b->io);
}

/* --- with the machine's memory --- */

/* The loop thread is told by the timer, which has nothing else to do by now. */
static void *keep_main(void *arg)
{
    struct vm *vm = arg;
    struct vm_snapshot *s = &vm->snapshot;

    pthread_setname_np(pthread_self(), "keep");
    snapshot_keep(&s->saving, &s->result.memory);
    loop_lock(vm->loop);
    s->over = true;
    loop_timer_set(&vm->freeze_timer, 0);
    loop_unlock(vm->loop);
    return NULL;
}

void vm_join_keeper(struct vm *vm)
{
    if (vm->snapshot.keeping)
        pthread_join(vm->snapshot.keeper, NULL);
    vm->snapshot.keeping = false;
}

/* The disk's has happened, whatever becomes of the memory's. */
static void keep(struct vm *vm)
{
    static const struct err none;
    struct vm_snapshot *s = &vm->snapshot;
    int r = pthread_create(&s->keeper, NULL, keep_main, vm);

    s->keeping = r == 0;
    if (r == 0)
        return;
    err_sys(&s->result.memory, r, "write the machine's memory");
    finish(vm, &none);
}

static void on_kept(struct vm *vm)
{
    static const struct err none;
    struct vm_snapshot *s = &vm->snapshot;

    vm_join_keeper(vm);
    if (s->saving.kept)
        vm_save_working_set(vm, s->memory);
    finish(vm, &none);
}

/*
 * The state tells the image's date (virtio_blk.c), which the switch must not have changed: it is the image of
 * which the guest remembers what it read.
 */
static int switch_disk(struct vm_snapshot *s, struct err *e)
{
    struct disk *d = &s->blk->disk;
    uint64_t stamp = disk_stamp(d);
    int r = disk_push(d, s->from, s->to, e);

    if (r == 0 && disk_stamp(d->backing) != stamp)
        err_set(&s->result.memory, EIO, "the disk was changed while it was saved");
    return r;
}

static void take(struct vm *vm)
{
    struct vm_snapshot *s = &vm->snapshot;
    struct err e = {0};
    int r;

    s->flushing = true;
    loop_timer_set(&vm->freeze_timer, -1);
    vm_stand_still(vm);
    r = vm_check_may_save(vm, &e);
    if (r == 0)
        r = snapshot_take(vm, s->memory, &s->saving, &e);
    if (r == 0)
        r = switch_disk(s, &e);
    vm_go_on(vm);
    let_go(vm);
    s->result.pause_us = vm->still.us;
    s->result.memory_bytes = s->saving.memory_bytes;
    if (r < 0 || s->result.memory.code) {
        finish(vm, &e);
        return;
    }
    keep(vm);
}

/* --- both --- */

/* Told by the agent's port: a device at work, which is not still before it is done. */
void vm_on_frozen(void *ctx, bool yes)
{
    struct vm *vm = ctx;
    struct vm_snapshot *s = &vm->snapshot;

    if (!s->asked || s->flushing)
        return; /* a guest that says so of its own will */
    s->result.frozen = yes;
    if (s->memory)
        loop_timer_set(&vm->freeze_timer, 0);
    else
        flush(vm);
}

void vm_on_freeze_deadline(void *ctx, uint32_t events)
{
    struct vm *vm = ctx;

    (void)events;
    if (vm->snapshot.over) {
        on_kept(vm);
        return;
    }
    if (!vm->snapshot.asked || vm->snapshot.flushing)
        return;
    if (vm->snapshot.memory)
        take(vm);
    else
        flush(vm);
}

static void begin(struct vm *vm)
{
    struct vm_snapshot *s = &vm->snapshot;

    s->asked = vm->spec->agent && vm->phase_us[PHASE_READY] >= 0 && !vm->going_down && !vcpus_paused(vm->vcpus);
    if (s->asked) {
        devices_agent_send(vm->devices, "freeze\n");
        loop_timer_set(&vm->freeze_timer, FREEZE_MS);
    } else if (s->memory) {
        take(vm);
    } else {
        flush(vm);
    }
}

static int copy_order(struct vm_snapshot *s, const struct vm_snapshot_order *o, struct err *e)
{
    s->from = strdup(o->from);
    s->to = strdup(o->to);
    s->memory = o->memory ? strdup(o->memory) : NULL;
    if (s->from && s->to && (s->memory || !o->memory))
        return 0;
    free(s->from);
    free(s->to);
    free(s->memory);
    return err_sys(e, ENOMEM, "snapshot");
}

int vm_snapshot(struct vm *vm, const struct vm_snapshot_order *o, vm_snapshot_done *done, void *ctx,
                struct err *e)
{
    struct vm_snapshot s = {.blk = devices_disk(vm->devices, o->disk), .done = done, .ctx = ctx};

    if (!s.blk)
        return err_set(e, ENOENT, "there is no disk with the id '%.40s'", o->disk);
    if (vm->snapshot.blk)
        return err_set(e, EBUSY, "a snapshot is being taken already");
    if (o->memory && vm_check_may_save(vm, e) < 0)
        return -EBUSY;
    if (copy_order(&s, o, e) < 0)
        return -ENOMEM;
    vm->snapshot = s;
    begin(vm);
    return 0;
}
