/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot of a disk of the running machine (vmm/ctl.h, "snapshot"): the guest holds its file system
 * still, all is flushed, the disk goes on in another image, the guest lets go.  A guest that cannot, or
 * does not answer in time, gets a snapshot as after a loss of power.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "vmm/devices.h"
#include "vmm/io.h"
#include "vmm/spec.h"
#include "vmm/vcpu.h"
#include "vmm/virtio_blk.h"
#include "vmm/vm_parts.h"

#define FREEZE_MS 10000 /* less than lxtop-guest's own deadline */

static void finish(struct vm *vm, const struct err *e)
{
    struct vm_snapshot s = vm->snapshot;

    loop_timer_set(&vm->freeze_timer, -1);
    if (s.asked)
        devices_agent_send(vm->devices, "thaw\n");
    vm->snapshot = (struct vm_snapshot){0};
    s.done(s.ctx, s.frozen, e);
    free(s.from);
    free(s.to);
}

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

void vm_on_frozen(void *ctx, bool yes)
{
    struct vm *vm = ctx;

    if (!vm->snapshot.asked || vm->snapshot.flushing)
        return; /* a guest that says so of its own will */
    vm->snapshot.frozen = yes;
    flush(vm);
}

void vm_on_freeze_deadline(void *ctx, uint32_t events)
{
    (void)events;
    vm_on_frozen(ctx, false);
}

int vm_snapshot(struct vm *vm, const char *disk, const char *from, const char *to, vm_snapshot_done *done,
                void *ctx, struct err *e)
{
    struct virtio_blk *b = devices_disk(vm->devices, disk);
    struct vm_snapshot *s = &vm->snapshot;

    if (!b)
        return err_set(e, ENOENT, "there is no disk with the id '%.40s'", disk);
    if (s->blk)
        return err_set(e, EBUSY, "a snapshot is being taken already");
    *s = (struct vm_snapshot){.blk = b, .from = strdup(from), .to = strdup(to), .done = done, .ctx = ctx};
    if (!s->from || !s->to) {
        free(s->from);
        free(s->to);
        *s = (struct vm_snapshot){0};
        return err_sys(e, ENOMEM, "snapshot");
    }
    s->asked = vm->spec->agent && vm->phase_us[PHASE_READY] >= 0 && !vm->going_down && !vcpus_paused(vm->vcpus);
    if (!s->asked) {
        flush(vm);
        return 0;
    }
    devices_agent_send(vm->devices, "freeze\n");
    loop_timer_set(&vm->freeze_timer, FREEZE_MS);
    return 0;
}
