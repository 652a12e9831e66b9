/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/image/ext4_disk.h"

#include <errno.h>
#include <et/com_err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/disk/chain.h"

static errcode_t disk_open(const char *name, int flags, io_channel *channel);

static errcode_t disk_close(io_channel c)
{
    free(c->name);
    free(c);
    return 0;
}

static errcode_t disk_set_blksize(io_channel c, int size)
{
    c->block_size = size;
    return 0;
}

/* A negative count is in bytes. */
static errcode_t disk_read64(io_channel c, unsigned long long block, int count, void *to)
{
    size_t len = count < 0 ? (size_t)-count : (size_t)count * (size_t)c->block_size;
    uint64_t at;
    int r;

    if (__builtin_mul_overflow(block, (uint64_t)c->block_size, &at))
        return EXT2_ET_SHORT_READ;
    r = chain_read(c->private_data, to, len, at);
    return r == -EINVAL ? EXT2_ET_SHORT_READ : -r;
}

static errcode_t disk_read(io_channel c, unsigned long block, int count, void *to)
{
    return disk_read64(c, block, count, to);
}

static errcode_t disk_write64(io_channel c, unsigned long long block, int count, const void *from)
{
    (void)c;
    (void)block;
    (void)count;
    (void)from;
    return EXT2_ET_RO_FILSYS;
}

static errcode_t disk_write(io_channel c, unsigned long block, int count, const void *from)
{
    return disk_write64(c, block, count, from);
}

static errcode_t disk_flush(io_channel c)
{
    (void)c;
    return 0;
}

static struct struct_io_manager manager = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER, .name = "lxtop disk", .open = disk_open, .close = disk_close,
    .set_blksize = disk_set_blksize, .read_blk = disk_read, .write_blk = disk_write, .flush = disk_flush,
    .read_blk64 = disk_read64, .write_blk64 = disk_write64};

/* libext2fs hands on a name only: it is the address of the chain. */
static errcode_t disk_open(const char *name, int flags, io_channel *channel)
{
    io_channel c = calloc(1, sizeof(*c));
    void *chain = NULL;

    (void)flags;
    if (!c || sscanf(name, "%p", &chain) != 1 || !(c->name = strdup(name))) {
        free(c);
        return EXT2_ET_NO_MEMORY;
    }
    c->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    c->manager = &manager;
    c->block_size = 1024;
    c->refcount = 1;
    c->private_data = chain;
    *channel = c;
    return 0;
}

int ext4_disk_open(struct chain *c, ext2_filsys *fs, struct err *e)
{
    char name[32];
    errcode_t r;

    initialize_ext2_error_table();
    snprintf(name, sizeof(name), "%p", (void *)c);
    r = ext2fs_open2(name, NULL, EXT2_FLAG_64BITS | EXT2_FLAG_SOFTSUPP_FEATURES, 0, 0, &manager, fs);
    return r ? err_set(e, EIO, "the file system on the disk cannot be read: %s", error_message(r)) : 0;
}
