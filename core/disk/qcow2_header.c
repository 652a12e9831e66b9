/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of an image, every number of it checked ("Header" and "Header extensions"). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/disk/qcow2_parts.h"

#define CLUSTER_BITS_MIN 9
#define CLUSTER_BITS_MAX 21
#define L1_BYTES_MAX (32u << 20)    /* as qemu's */
#define TABLE_BYTES_MAX (8u << 20)
#define HEADER_READ 4096

static int bad(struct err *e, const char *what)
{
    return err_set(e, EINVAL, "%s", what);
}

/* Who does not know an incompatible feature must not open the image. */
static const struct {
    uint64_t bits;
    const char *why;
} refused[] = {
    {QCOW2_CORRUPT, "it is marked as corrupt; qemu-img check -r all may repair it"},
    {QCOW2_DATA_FILE, "it has an external data file, which is not done here; qemu-img convert makes one without"},
    {QCOW2_SUBCLUSTERS, "it has subclusters (extended_l2), which are not done here; qemu-img convert makes one without"},
    {~(QCOW2_DIRTY | QCOW2_COMPRESSION), "it needs a feature of a newer version of qemu than is known here; qemu-img "
                                         "convert -o compat=1.1 makes one without"},
};

/* The bytes of version 3 alone. */
static int parse_features(const uint8_t *b, struct qcow2_header *h, struct err *e)
{
    uint32_t len = qcow2_get32(b + H_LENGTH), order = qcow2_get32(b + H_REFCOUNT_ORDER);

    h->incompatible = qcow2_get64(b + H_INCOMPATIBLE);
    h->autoclear = qcow2_get64(b + H_AUTOCLEAR);
    h->refcount_order = order;
    if (len < QCOW2_HEADER || len % 8 || len > 1u << h->cluster_bits)
        return bad(e, "the header's length is wrong");
    if (order > 6)
        return bad(e, "its refcounts are too wide");
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        if (h->incompatible & refused[i].bits)
            return bad(e, refused[i].why);
    h->zstd = len > QCOW2_HEADER && b[H_COMPRESSION] == 1;
    if (len > QCOW2_HEADER && b[H_COMPRESSION] > 1)
        return bad(e, "it is compressed in a way that is not known here");
    if (h->zstd != !!(h->incompatible & QCOW2_COMPRESSION))
        return bad(e, "its kind of compression is told in two ways");
    return 0;
}

static bool is_aligned(const struct qcow2_header *h, uint64_t at)
{
    return at % (1ULL << h->cluster_bits) == 0 && at != 0;
}

/* Tables start at a cluster and end inside the file. */
static bool is_inside(const struct qcow2_header *h, uint64_t at, uint64_t bytes, uint64_t file_size)
{
    uint64_t end;

    return is_aligned(h, at) && !__builtin_add_overflow(at, bytes, &end) && end <= file_size;
}

static uint64_t l1_needed(const struct qcow2_header *h)
{
    unsigned shift = h->cluster_bits + h->cluster_bits - 3;

    return (h->size + (1ULL << shift) - 1) >> shift;
}

static int check_tables(const struct qcow2_header *h, uint64_t file_size, struct err *e)
{
    if (h->l1_size > L1_BYTES_MAX / 8 || h->l1_size < l1_needed(h) || l1_needed(h) > L1_BYTES_MAX / 8)
        return bad(e, "its L1 table is too large, or too small for the disk");
    if (!is_inside(h, h->l1_at, 8ULL * h->l1_size, file_size))
        return bad(e, "its L1 table is outside the file");
    if (h->table_clusters == 0 || (uint64_t)h->table_clusters << h->cluster_bits > TABLE_BYTES_MAX)
        return bad(e, "its refcount table has no size that can be");
    if (!is_inside(h, h->table_at, (uint64_t)h->table_clusters << h->cluster_bits, file_size))
        return bad(e, "its refcount table is outside the file");
    return 0;
}

static int parse_backing(const uint8_t *b, size_t have, struct qcow2_header *h, struct err *e)
{
    uint64_t at = qcow2_get64(b + H_BACKING_AT);
    uint32_t len = qcow2_get32(b + H_BACKING_LEN);

    h->backing[0] = '\0';
    if (at == 0)
        return 0;
    if (len > QCOW2_NAME_MAX || at > 1u << h->cluster_bits || len > (1u << h->cluster_bits) - at)
        return bad(e, "the name of the file below it is not in the header");
    h->has_backing = true;
    if (at + len <= have) { /* it is only shown and compared: one far in the first cluster is as good as none */
        memcpy(h->backing, b + at, len);
        h->backing[len] = '\0';
    }
    return 0;
}

static int parse(const uint8_t *b, size_t have, uint64_t file_size, struct qcow2_header *h, struct err *e)
{
    *h = (struct qcow2_header){.version = qcow2_get32(b + H_VERSION), .refcount_order = 4,
                               .cluster_bits = qcow2_get32(b + H_CLUSTER_BITS),
                               .size = qcow2_get64(b + H_SIZE), .l1_size = qcow2_get32(b + H_L1_SIZE),
                               .l1_at = qcow2_get64(b + H_L1_AT), .table_at = qcow2_get64(b + H_TABLE_AT),
                               .table_clusters = qcow2_get32(b + H_TABLE_CLUSTERS)};
    if (have < QCOW2_HEADER_2 || qcow2_get32(b + H_MAGIC) != QCOW2_MAGIC)
        return bad(e, "this is no qcow2 image");
    if (h->version < 2 || h->version > 3 || (h->version == 3 && have < H_COMPRESSION + 8))
        return bad(e, "only versions 2 and 3 of qcow2 are known here");
    if (h->cluster_bits < CLUSTER_BITS_MIN || h->cluster_bits > CLUSTER_BITS_MAX)
        return bad(e, "its clusters have no size that can be");
    if (h->size == 0 || h->size % 512 || h->size > QCOW2_SIZE_MAX)
        return bad(e, "the disk's size is no multiple of 512, or too large");
    if (qcow2_get32(b + H_CRYPT))
        return bad(e, "it is encrypted, which is not done here; qemu-img convert makes one that is not");
    if (qcow2_get32(b + H_SNAPSHOTS))
        return bad(e, "it has snapshots inside, which are not done here; qemu-img convert makes one without");
    if (h->version == 3 && parse_features(b, h, e) < 0)
        return -EINVAL;
    if (check_tables(h, file_size, e) < 0)
        return -EINVAL;
    return parse_backing(b, have, h, e);
}

int qcow2_read_header(int fd, struct qcow2_header *h, uint64_t *file_size, struct err *e)
{
    uint8_t bytes[HEADER_READ] = {0};
    struct stat st;
    ssize_t n = pread(fd, bytes, sizeof(bytes), 0);

    if (n < 0 || fstat(fd, &st) < 0)
        return err_sys(e, errno, "read");
    *file_size = (uint64_t)st.st_size;
    return parse(bytes, (size_t)n, *file_size, h, e);
}

int qcow2_size(const char *path, uint64_t *size, struct err *e)
{
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct qcow2_header h;
    uint64_t file_size;

    if (fd < 0)
        return err_sys(e, errno, "open %s", path);
    if (qcow2_read_header(fd, &h, &file_size, e) < 0)
        return err_wrap(e, "%s", path);
    *size = h.size;
    return 0;
}
