/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random reads, writes, truncations, mappings and reopenings of one file, against a model in memory.
 *
 *   fsx [-s SEED] [-n OPERATIONS] FILE
 *
 * Ends with 1 at the first difference, with the operations that led to it.  The same seed makes the same
 * operations, less the mappings where shared ones are refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX (256 << 10)
#define PIECE_MAX (64 << 10)
#define AROUND (8 << 10) /* looked at on both sides of what is written through a mapping */
#define TOLD 24

struct fsx {
    const char *path;
    int fd;
    uint64_t random;
    unsigned done;
    size_t size; /* of the model */
    uint8_t model[FILE_MAX];
    _Alignas(uint64_t) uint8_t piece[PIECE_MAX];
    char told[TOLD][64];          /* the latest operations, a ring */
    bool no_maps;
};

static uint64_t next(struct fsx *x)
{
    x->random ^= x->random << 13;
    x->random ^= x->random >> 7;
    x->random ^= x->random << 17;
    return x->random;
}

static uint32_t any(struct fsx *x, uint32_t below)
{
    return below ? (uint32_t)(next(x) >> 16) % below : 0;
}

/* 1 to `most`, more often small than large: what goes wrong does so at edges, and bytes cost time. */
static size_t any_length(struct fsx *x, size_t most)
{
    return 1 + any(x, any(x, (uint32_t)(most < PIECE_MAX ? most : PIECE_MAX)));
}

static void __attribute__((format(printf, 2, 3))) tell(struct fsx *x, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(x->told[x->done % TOLD], sizeof(x->told[0]), fmt, ap);
    va_end(ap);
}

static _Noreturn void give_up(struct fsx *x, const char *what, long long got, long long want)
{
    printf("fsx: operation %u: %s: %lld, not %lld (errno %s); the last operations:\n", x->done, what,
           got, want, strerror(errno));
    for (unsigned i = x->done < TOLD ? 0 : x->done - TOLD + 1; i <= x->done; i++)
        printf("  %u %s\n", i, x->told[i % TOLD]);
    exit(1);
}

static void must(struct fsx *x, const char *what, long long got, long long want)
{
    if (got != want)
        give_up(x, what, got, want);
}

static void compare(struct fsx *x, const uint8_t *bytes, size_t offset, size_t len)
{
    for (size_t i = 0; i < len && memcmp(bytes, x->model + offset, len) != 0; i++)
        if (bytes[i] != x->model[offset + i]) {
            printf("fsx: the first wrong byte is at %zu of %zu\n", offset + i, x->size);
            give_up(x, "byte", bytes[i], x->model[offset + i]);
        }
}

/* A new size of the model; what is behind it reads as zeros when it grows again. */
static void resize(struct fsx *x, size_t size)
{
    if (size < x->size)
        memset(x->model + size, 0, x->size - size);
    x->size = size;
}

/* Bytes that are never 0, as a hole's are. */
static size_t fill(struct fsx *x, size_t most)
{
    size_t len = any_length(x, most);

    for (size_t i = 0; i < len; i += sizeof(uint64_t))
        *(uint64_t *)(x->piece + i) = next(x) | 0x0101010101010101u;
    return len;
}

static void op_read(struct fsx *x)
{
    size_t at = any(x, FILE_MAX), len = any_length(x, PIECE_MAX), want;

    want = at >= x->size ? 0 : x->size - at < len ? x->size - at : len;
    tell(x, "read %zu at %zu", len, at);
    must(x, "read", pread(x->fd, x->piece, len, (off_t)at), (long long)want);
    compare(x, x->piece, at, want);
}

static void op_write(struct fsx *x)
{
    size_t at = any(x, FILE_MAX - 1), len = fill(x, FILE_MAX - at);

    tell(x, "write %zu at %zu", len, at);
    must(x, "write", pwrite(x->fd, x->piece, len, (off_t)at), (long long)len);
    if (at + len > x->size)
        resize(x, at + len);
    memcpy(x->model + at, x->piece, len);
}

static void op_truncate(struct fsx *x)
{
    size_t size = any(x, FILE_MAX);
    bool by_name = any(x, 2);

    tell(x, "%struncate to %zu", by_name ? "" : "f", size);
    must(x, "truncate", by_name ? truncate(x->path, (off_t)size) : ftruncate(x->fd, (off_t)size), 0);
    resize(x, size);
}

static void op_reopen(struct fsx *x)
{
    struct stat st;

    tell(x, "stat and reopen");
    must(x, "fsync", fsync(x->fd), 0);
    must(x, "fstat", fstat(x->fd, &st), 0);
    must(x, "size", st.st_size, (long long)x->size);
    must(x, "close", close(x->fd), 0);
    x->fd = open(x->path, O_RDWR | O_CLOEXEC);
    must(x, "open", x->fd >= 0, 1);
}

static void op_append(struct fsx *x)
{
    size_t len = x->size < FILE_MAX ? fill(x, FILE_MAX - x->size) : 0;
    int fd = open(x->path, O_WRONLY | O_APPEND | O_CLOEXEC);

    tell(x, "append %zu to %zu", len, x->size);
    must(x, "append", write(fd, x->piece, len), (long long)len);
    must(x, "close", close(fd), 0);
    memcpy(x->model + x->size, x->piece, len);
    x->size += len;
}

/* Writes a part through a mapping, and compares that and what is around it. */
static void op_map(struct fsx *x)
{
    size_t at = x->size ? any(x, (uint32_t)x->size) : 0, from = at > AROUND ? at - AROUND : 0, len, to;
    uint8_t *map;

    if (x->size == 0 || x->no_maps)
        return;
    len = fill(x, x->size - at);
    tell(x, "map %zu, write %zu at %zu", x->size, len, at);
    map = mmap(NULL, x->size, PROT_READ | PROT_WRITE, MAP_SHARED, x->fd, 0);
    if (map == MAP_FAILED) { /* not with every cache mode of 9P */
        must(x, "errno of mmap", errno == EINVAL || errno == ENODEV, 1);
        x->no_maps = true;
        return;
    }
    to = at + len + AROUND < x->size ? at + len + AROUND : x->size;
    compare(x, map + from, from, to - from);
    memcpy(map + at, x->piece, len);
    memcpy(x->model + at, x->piece, len);
    must(x, "msync", msync(map, x->size, MS_SYNC), 0);
    must(x, "munmap", munmap(map, x->size), 0);
}

int main(int argc, char **argv)
{
    static void (*const ops[])(struct fsx *) = {op_read, op_write, op_read, op_write, op_truncate,
                                                op_reopen, op_map, op_append};
    static struct fsx x;
    unsigned long seed = (unsigned long)time(NULL), n = 10000;
    int c;

    while ((c = getopt(argc, argv, "s:n:")) >= 0)
        *(c == 's' ? &seed : &n) = strtoul(optarg, NULL, 10);
    if (optind + 1 != argc)
        return 2;
    x.path = argv[optind];
    x.random = seed * 2654435769u + 1;
    x.fd = open(x.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(&x, "open", x.fd >= 0, 1);
    fprintf(stderr, "fsx: seed %lu, %lu operations\n", seed, n);
    for (; x.done < n; x.done++) {
        if (x.done % 1000 == 0)
            fprintf(stderr, "fsx: %u done\n", x.done);
        ops[any(&x, sizeof(ops) / sizeof(ops[0]))](&x);
    }
    printf("fsx: good%s\n", x.no_maps ? ", without shared mappings, which were refused" : "");
    return 0;
}
