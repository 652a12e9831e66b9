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

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/loop.h"
#include "vmm/virtio.h"

struct err;

#define VIRTIO_MMIO_SIZE 0x200
#define VIRTIO_MMIO_QUEUE_NOTIFY 0x50
#define VIRTIO_MMIO_UPPER 0x58 /* behind what a driver writes to act, before what it reads and writes at each interrupt */

#define VIRTIO_MMIO_PAGE 4096

/* Gives the guest the page at the registers from VIRTIO_MMIO_UPPER on: 0 or -errno, and it has none. */
typedef int virtio_mmio_map(void *ctx, void *page, bool writable);

struct virtio_mmio {
    struct virtio *v;       /* [const] */
    int notify_fd;          /* [const] for KVM_IOEVENTFD at VIRTIO_MMIO_QUEUE_NOTIFY, 4 bytes */
    struct loop *loop;      /* [const] */
    struct loop_watch watch;
    uint8_t *page;          /* [const] registers from VIRTIO_MMIO_UPPER on as the guest reads them, or NULL */
    virtio_mmio_map *map;   /* [const] */
    void *map_ctx;          /* [const] */
    atomic_bool open;       /* the guest may write the page, too */
    atomic_uint shown;      /* the status in it that is ours; as `open`, any thread may ask about a reset */
    uint32_t device_features_select, driver_features_select, queue_select;
};

/* Makes the eventfd and watches it. */
int virtio_mmio_init(struct virtio_mmio *m, struct virtio *v, struct loop *l, struct err *e);
void virtio_mmio_release(struct virtio_mmio *m);

/*
 * For a driver that need not leave the guest at an interrupt: the registers from VIRTIO_MMIO_UPPER on, with which a page
 * of the guest begins, become memory until the release.  Until DRIVER_OK it only reads them there, then it writes them,
 * too: an interrupt's end, for which nothing is to be done (every interrupt is of used buffers; one that is looked for
 * in vain does no harm), and the status.  That the driver has reset the device is then seen at the next access to a
 * register before these, to delete its queues, and before anything is written for it: what the status says at once
 * (2.4.1) is so but for an answer that is being written at that moment, which may end.  Linux goes on to delete the
 * queues, which waits for it; only one that is shut down into another by kexec, since 6.15, does not.  For a device
 * whose configuration only it changes.  0 or -errno.
 */
int virtio_mmio_show(struct virtio_mmio *m, virtio_mmio_map *map, void *ctx);

/* The transport and its device, both ways (state.h). */
void virtio_mmio_state(struct virtio_mmio *m, struct state *s);

/* As a bus_fn, ctx is the struct virtio_mmio. */
void virtio_mmio_read(void *ctx, uint64_t offset, void *data, size_t len);
void virtio_mmio_write(void *ctx, uint64_t offset, void *data, size_t len);

#endif
