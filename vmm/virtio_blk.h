/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block device (virtio 1.2, 5.2) on a disk image, with a queue for each vCPU.
 *
 * A request is checked on the loop thread, its data goes between image and guest memory without a
 * copy, and its status byte is written last.  A reset waits for requests in flight (io_drain), so
 * that none writes into memory that the guest uses for something else by then.
 */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include "vmm/disk.h"
#include "vmm/virtio.h"

struct virtio_blk {
    struct virtio v;
    struct disk disk;
    struct io *io;       /* [const] */
    char serial[21];     /* [const] what GET_ID answers */
    int flushed;         /* how the last flush for a snapshot ended: 0 or -errno */
};

/* Opens the image; `name` is borrowed: the device's name and its serial number. */
int virtio_blk_init(struct virtio_blk *b, const struct mem *mem, struct io *io, const char *name,
                    const char *path, const char *format, bool read_only, unsigned queues,
                    struct err *e);
void virtio_blk_release(struct virtio_blk *b);

#endif
