/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk of 1.5 GiB (three L2 tables) in "top.qcow2", and beside it "model", a raw file that is told the
 * same; qemu-img judges and compares.
 */
#ifndef TESTS_UNIT_DISK_WORLD_H
#define TESTS_UNIT_DISK_WORLD_H

#include "tests/unit/fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/disk/qcow2.h"
#include "vmm/disk.h"
#include "vmm/io.h"
#include "vmm/loop.h"

#define MIB (1ULL << 20)
#define DISK (1536 * MIB)
#define CLUSTER ((uint64_t)QCOW2_CLUSTER)

struct world {
    char *folder;
    struct loop *loop;
    struct io *io;
    struct disk d;
    int model;
    uint64_t size;
};

static inline void start_io(struct world *w)
{
    assert_non_null(w->loop = loop_new(NULL));
    assert_non_null(w->io = io_new(w->loop, NULL));
}

static inline int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_enter_memory();
    w->size = DISK;
    w->d.fd = -1;
    start_io(w);
    w->model = open("model", O_RDWR | O_CREAT, 0600);
    assert_true(w->model >= 0);
    assert_int_equal(ftruncate(w->model, (off_t)DISK), 0);
    *state = w;
    return 0;
}

static inline void close_disk(struct world *w)
{
    io_drain(w->io);
    disk_close(&w->d);
}

static inline int tear_down(void **state)
{
    struct world *w = *state;

    close_disk(w);
    io_free(w->io);
    loop_free(w->loop);
    close(w->model);
    fixture_leave(w->folder);
    free(w);
    return 0;
}

static inline void create(struct world *w, const char *path, const char *backing, const char *format)
{
    struct err e = {0};

    assert_ok(qcow2_create(path, w->size, backing, format, &e), e);
}

/* `chain`: "PATH:FORMAT ..." from the top. */
static inline int open_chain(struct world *w, const char *chain, bool read_only, struct err *e)
{
    auto_free char *copy = strdup(chain);
    char *rest = copy, *word;
    int r = 0;
    bool top = true;

    while (r == 0 && (word = strsep(&rest, " "))) {
        char *format = strrchr(word, ':');

        *format++ = '\0';
        r = top ? disk_open(&w->d, w->io, word, format, read_only, e) : disk_add_backing(&w->d, word, format, e);
        top = false;
    }
    return r == 0 ? disk_check(&w->d, e) : r;
}

static inline void open_disk(struct world *w, const char *chain)
{
    struct err e = {0};

    assert_ok(open_chain(w, chain, false, &e), e);
}

/* --- requests --- */

static inline void note_result(void *ctx, int result)
{
    *(int *)ctx = result;
}

static inline int wait_result(struct world *w, const int *result)
{
    io_drain(w->io);
    assert_int_not_equal(*result, 1);
    return *result;
}

static inline int do_write(struct world *w, uint64_t offset, const void *bytes, size_t len)
{
    struct iovec iov[2] = {{(void *)bytes, len / 2}, {(char *)bytes + len / 2, len - len / 2}};
    int result = 1;

    w->d.format->write(&w->d, iov, 2, offset, note_result, &result);
    return wait_result(w, &result);
}

static inline int do_read(struct world *w, uint64_t offset, void *bytes, size_t len)
{
    struct iovec iov[2] = {{bytes, len / 2}, {(char *)bytes + len / 2, len - len / 2}};
    int result = 1;

    w->d.format->read(&w->d, iov, 2, offset, note_result, &result);
    return wait_result(w, &result);
}

static inline int do_zero(struct world *w, uint64_t offset, uint64_t len, bool unmap)
{
    int result = 1;

    w->d.format->zero(&w->d, offset, len, unmap, note_result, &result);
    return wait_result(w, &result);
}

static inline int do_flush(struct world *w)
{
    int result = 1;

    w->d.format->flush(&w->d, note_result, &result);
    return wait_result(w, &result);
}

/* The same on the disk and on the model. */
static inline void both_write(struct world *w, uint64_t offset, size_t len, int byte)
{
    auto_free char *bytes = malloc(len);

    memset(bytes, byte, len);
    assert_int_equal(do_write(w, offset, bytes, len), 0);
    assert_int_equal(pwrite(w->model, bytes, len, (off_t)offset), len);
}

static inline void both_zero(struct world *w, uint64_t offset, uint64_t len, bool unmap)
{
    assert_int_equal(do_zero(w, offset, len, unmap), 0);
    assert_int_equal(fallocate(w->model, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len), 0);
}

static inline uint64_t any(uint64_t below)
{
    return ((uint64_t)rand() << 31 | (uint64_t)rand()) % below;
}

/* Something random, near one of a few places so that requests meet. */
static inline void do_something(struct world *w, int i)
{
    static const uint64_t places[] = {0, 5 * MIB, 512 * MIB - 128 * 1024, 1024 * MIB - 4096, DISK - 3 * MIB};
    uint64_t len = 512 * (1 + any(any(4) ? 16 : 600));
    uint64_t offset = places[any(ARRAY_SIZE(places))] + 512 * any(4096);

    if (offset + len > w->size)
        offset = w->size - len;
    switch (any(6)) {
    case 0:
        both_zero(w, offset, len, any(2));
        break;
    case 1:
        both_zero(w, offset / CLUSTER * CLUSTER, 2 * CLUSTER, any(2));
        break;
    default:
        both_write(w, offset, len, 1 + i % 255);
    }
}

/* --- judges --- */

/* The requests of a writer that was killed end after it, and until then its locks stand. */
static inline int check_unlocked(const char *path)
{
    int status;

    while ((status = shell("qemu-img check -f qcow2 %s > check.out 2>&1", path)) != 0 &&
           shell("grep -q 'Failed to get \".*\" lock' check.out") == 0)
        usleep(1000);
    return status;
}

static inline void assert_check(const char *path)
{
    if (check_unlocked(path) != 0) {
        shell("cat check.out");
        fail_msg("qemu-img check %s", path);
    }
}

/* As qemu sees it, by the names in the headers. */
static inline void assert_same(const char *path, const char *model)
{
    if (shell("qemu-img compare -f qcow2 -F raw %s %s > compare.out 2>&1", path, model) != 0) {
        shell("cat compare.out");
        fail_msg("qemu-img compare %s %s", path, model);
    }
}

/* As we see it: all of it, against a file. */
static inline void assert_reads(struct world *w, const char *model)
{
    auto_free char *ours = malloc(MIB), *theirs = malloc(MIB);
    auto_close int fd = open(model, O_RDONLY);
    off_t at = 0;

    /* Where neither has anything there is nothing to compare: the model is sparse. */
    for (uint64_t offset = 0; offset < w->d.size; offset += MIB) {
        size_t len = w->d.size - offset < MIB ? (size_t)(w->d.size - offset) : MIB;

        at = lseek(fd, (off_t)offset, SEEK_DATA);
        if (w->size > 64 * MIB && (at < 0 || at >= (off_t)(offset + len)) && offset % (64 * MIB))
            continue;
        memset(theirs, 0, len);
        assert_true(pread(fd, theirs, len, (off_t)offset) >= 0);
        assert_int_equal(do_read(w, offset, ours, len), 0);
        if (memcmp(ours, theirs, len) != 0)
            fail_msg("another content at %llu", (unsigned long long)offset);
    }
}

#endif
