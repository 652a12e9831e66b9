/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory-mapped transport, version 2 (virtio 1.2, 4.2): register accesses become virtio.h calls.
 *
 * Registers are 32 bits wide, the configuration space from 0x100 takes 1, 2, 4 or 8 bytes; any other
 * access reads as zero and writes nothing.  Notifications come by an ioeventfd on QueueNotify, one
 * for all queues, and are handled on the loop thread.  All calls hold the machine's lock.
 */
#ifndef VMM_VIRTIO_MMIO_H
#define VMM_VIRTIO_MMIO_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/loop.h"
#include "vmm/virtio.h"

struct err;

#define VIRTIO_MMIO_SIZE 0x200
#define VIRTIO_MMIO_QUEUE_NOTIFY 0x50
#define VIRTIO_MMIO_INTERRUPT_ACK 0x64

#define VIRTIO_MMIO_PAGE 4096

struct virtio_mmio {
    struct virtio *v;       /* [const] */
    int notify_fd;          /* [const] for KVM_IOEVENTFD at VIRTIO_MMIO_QUEUE_NOTIFY, 4 bytes */
    struct loop *loop;      /* [const] */
    struct loop_watch watch;
    uint8_t *page;          /* [const] registers and configuration as the guest reads them, or NULL */
    uint32_t device_features_select, driver_features_select, queue_select;
};

/* Makes the eventfd and watches it. */
int virtio_mmio_init(struct virtio_mmio *m, struct virtio *v, struct loop *l, struct err *e);
void virtio_mmio_release(struct virtio_mmio *m);

/*
 * For a driver that reads the registers without leaving the guest: a page of VIRTIO_MMIO_PAGE bytes that shows them from
 * here on, whatever changes them, until the release; NULL: no memory.  For a device whose configuration only it changes.
 */
const void *virtio_mmio_show(struct virtio_mmio *m);

/* The transport and its device, both ways (state.h). */
void virtio_mmio_state(struct virtio_mmio *m, struct state *s);

/* As a bus_fn, ctx is the struct virtio_mmio. */
void virtio_mmio_read(void *ctx, uint64_t offset, void *data, size_t len);
void virtio_mmio_write(void *ctx, uint64_t offset, void *data, size_t len);

#endif
