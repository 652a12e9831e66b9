/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which file is which: qids, the same in every reply (localfs.h). */
#include "p9/localfs_node.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

static uint64_t mix(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x9e3779b97f4a7c15u;
    return x ^ (x >> 29);
}

/* The file system's number, in the order of their appearance; LOCALFS_DEVICES when all are taken. */
static unsigned device_index(struct localfs *l, uint64_t dev)
{
    unsigned i = 0;

    if (dev == l->dev)
        return 0; /* The share's own, known before there was a second thread. */
    pthread_mutex_lock(&l->devices_lock);
    while (i < l->devices && l->device[i] != dev)
        i++;
    if (i == l->devices && i < LOCALFS_DEVICES)
        l->device[l->devices++] = dev;
    pthread_mutex_unlock(&l->devices_lock);
    return i;
}

/*
 * The number that tells a file from all others of the share.  Inode numbers that need the byte of the
 * file system themselves (some FUSE and network ones) are mixed into 56 bits beneath the last value.
 */
uint64_t local_qid_path(struct localfs *l, uint64_t dev, uint64_t ino)
{
    unsigned index = device_index(l, dev);

    if (index < LOCALFS_DEVICES && ino >> 56 == 0)
        return (uint64_t)index << 56 | ino;
    return 0xffull << 56 | mix(mix(ino) + dev) >> 8;
}

/* Never 0: Linux then leaves its cache unused. */
static uint32_t version_of(uint64_t hash)
{
    uint32_t version = (uint32_t)(mix(hash) >> 32);

    return version != 0 ? version : 1;
}

int local_handle_version(int dir, const char *name, int *mount, uint32_t *version)
{
    _Alignas(struct file_handle) uint8_t room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    struct file_handle *handle = (struct file_handle *)room;
    uint64_t hash = 1;

    handle->handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(dir, name, handle, mount, AT_EMPTY_PATH) < 0)
        return -errno;
    for (unsigned i = 0; i < handle->handle_bytes; i++)
        hash = mix(hash ^ handle->f_handle[i]);
    *version = version_of(hash);
    return 0;
}

/* Where there are no handles, the birth time must do. */
static uint32_t qid_version(int dir, const char *name, const struct statx *st)
{
    uint64_t birth = (uint64_t)st->stx_btime.tv_sec * 1000000000u + st->stx_btime.tv_nsec;
    uint32_t version = 0;
    int mount;

    if (local_handle_version(dir, name, &mount, &version) == 0)
        return version;
    return st->stx_mask & STATX_BTIME ? version_of(birth) : 1;
}

uint8_t local_qid_type(mode_t mode)
{
    return S_ISDIR(mode) ? P9_QID_DIR : S_ISLNK(mode) ? P9_QID_LINK : P9_QID_FILE;
}

int local_identify(struct localfs *l, int dir, const char *name, struct local_identity *id)
{
    struct statx st;

    *id = (struct local_identity){0};
    /* None of it changes, so what the kernel knows will do: a mount whose server hangs is listed all the same. */
    if (statx(dir, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
              STATX_TYPE | STATX_INO | STATX_BTIME, &st) < 0)
        return -errno;
    id->mode = st.stx_mode;
    id->dev = makedev(st.stx_dev_major, st.stx_dev_minor);
    id->qid = (struct p9_qid){local_qid_type(st.stx_mode), qid_version(dir, name, &st),
                              local_qid_path(l, id->dev, st.stx_ino)};
    return 0;
}

/* By fstat, which the kernel answers without a name. */
int local_identify_near(struct localfs *l, int fd, struct local_identity *id)
{
    struct stat st;
    uint32_t version;
    int mount;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (local_handle_version(fd, "", &mount, &version) < 0)
        return local_identify(l, fd, "", id);
    *id = (struct local_identity){
        .mode = st.st_mode, .dev = st.st_dev,
        .qid = {local_qid_type(st.st_mode), version, local_qid_path(l, st.st_dev, st.st_ino)}};
    return 0;
}
