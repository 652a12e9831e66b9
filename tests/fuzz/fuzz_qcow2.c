/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A qcow2 image of any content: one byte of options, then the file, of which a run of 64 KiB of zeroes is
 * written as one byte 0xfe and its number of runs.  It is opened for reading and for writing, read and
 * written here and there, and closed: nothing but its own file changes, and no byte outside of it is read.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/disk/qcow2.h"
#include "vmm/disk.h"
#include "vmm/io.h"
#include "vmm/loop.h"

#define CLUSTER 65536
#define CLUSTERS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct loop *loop;
    struct io *io;
    uint8_t bytes[CLUSTER];
};

static void nothing(void *ctx, int result)
{
    (void)ctx;
    (void)result;
}

/* "Sparse": 0xfe N skips to the Nth next cluster. */
static int make_file(const uint8_t *data, size_t size)
{
    int fd = memfd_create("image", MFD_CLOEXEC);
    off_t at = 0;

    for (size_t i = 0; i < size && at < CLUSTER * CLUSTERS_MAX; i++) {
        if (data[i] == 0xfe && i + 1 < size)
            at = (at / CLUSTER + 1 + data[++i] % 4) * CLUSTER;
        else if (pwrite(fd, data + i, 1, at++) != 1)
            abort();
    }
    if (ftruncate(fd, (at + CLUSTER - 1) / CLUSTER * CLUSTER) < 0)
        abort();
    return fd;
}

static void use(struct world *w, const char *path, bool read_only)
{
    static const uint64_t places[] = {0, 4096, CLUSTER, 7 * CLUSTER + 512, 512ULL << 20, 1ULL << 40};
    struct iovec iov = {w->bytes, 8192};
    struct disk d;

    if (disk_open(&d, w->io, path, "qcow2", read_only, NULL) < 0)
        return;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        if (d.size < iov.iov_len || places[i] > d.size - iov.iov_len)
            continue;
        d.format->read(&d, &iov, 1, places[i], nothing, NULL);
        io_drain(w->io);
        if (read_only)
            continue;
        d.format->write(&d, &iov, 1, places[i], nothing, NULL);
        d.format->zero(&d, places[i], 4096, true, nothing, NULL);
        io_drain(w->io);
        d.format->flush(&d, nothing, NULL);
        io_drain(w->io);
    }
    disk_close(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    char path[64];
    int fd;

    if (!w.loop) {
        log_open("fuzz", STDERR_FILENO, LOG_ERROR);
        w.loop = loop_new(NULL);
        w.io = io_new(w.loop, NULL);
    }
    fd = make_file(data, size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    use(&w, path, true);
    use(&w, path, false);
    use(&w, path, true);
    close(fd);
    return 0;
}
