/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The n-th call that needs room in a file finds none, for every n: alone, or with all that come after it.  What was
 * acknowledged is there while the image is open, what was flushed is there afterwards, and no image is damaged.
 * io_uring is refused, so that all passes here.
 */
#include "tests/unit/disk_world.h"

#include <errno.h>
#include <liburing.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define BLOCK 8192u
#define BLOCKS 12u
#define VALUES 40
#define OPERATIONS 90

static struct {
    int at, count; /* 0: none fails */
    bool once;
} full;

static bool no_room(void)
{
    if (full.at == 0 || ++full.count < full.at || (full.once && full.count > full.at))
        return false;
    errno = ENOSPC;
    return true;
}

int io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags)
{
    (void)entries;
    (void)ring;
    (void)flags;
    return -ENOSYS;
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t at)
{
    return no_room() ? -1 : syscall(SYS_pwritev, fd, iov, n, at, 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return no_room() ? -1 : syscall(SYS_pwrite64, fd, bytes, len, at);
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
    return no_room() ? -1 : (int)syscall(SYS_fallocate, fd, mode, at, len);
}

/* --- the guest --- */

/* What a block may hold: since the last flush that was acknowledged, and of these the last one for sure. */
struct block {
    int value[VALUES];
    unsigned n;
    bool sure; /* the last operation on it was acknowledged */
};
static struct block blocks[BLOCKS];

/* In all three L2 tables, two to a cluster and over the border of two. */
static uint64_t offset_of(unsigned i)
{
    return i / 4 * 512 * MIB + (i % 4) * (CLUSTER / 2) + CLUSTER - BLOCK / 2;
}

static void note(unsigned i, int value, int result)
{
    struct block *b = &blocks[i];

    assert_true(b->n < VALUES);
    b->value[b->n++] = value;
    b->sure = result == 0;
}

static void write_block(struct world *w, unsigned i, int value)
{
    unsigned char bytes[BLOCK];

    memset(bytes, value, sizeof(bytes));
    note(i, value, do_write(w, offset_of(i), bytes, sizeof(bytes)));
}

static void flush(struct world *w)
{
    if (do_flush(w) < 0)
        return;
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i].sure) {
            blocks[i].value[0] = blocks[i].value[blocks[i].n - 1];
            blocks[i].n = 1;
        }
}

static bool is_possible(const struct block *b, unsigned from, int value)
{
    for (unsigned k = from; k < b->n; k++)
        if (b->value[k] == value)
            return true;
    return false;
}

static void judge(struct world *w, bool open, const char *when)
{
    unsigned char bytes[BLOCK];

    for (unsigned i = 0; i < BLOCKS; i++) {
        unsigned from = open && blocks[i].sure ? blocks[i].n - 1 : 0;

        assert_int_equal(do_read(w, offset_of(i), bytes, BLOCK), 0);
        for (unsigned at = 0; at < BLOCK; at += 512)
            if (!is_possible(&blocks[i], from, bytes[at]))
                fail_msg("call %d %s, %s: block %u holds %d at %u", full.at, full.once ? "alone" : "and on", when, i,
                         bytes[at], at);
    }
}

/* A settle, as before a snapshot, writes the refcounts and goes on. */
static void work(struct world *w)
{
    for (int k = 1; k <= OPERATIONS; k++) {
        unsigned i = (unsigned)any(BLOCKS);

        if (k % 7 == 0)
            note(i, 0, do_zero(w, offset_of(i), BLOCK, k % 2));
        else if (k % 10 == 0)
            flush(w);
        else if (k == 33)
            disk_settle(&w->d);
        else
            write_block(w, i, k);
    }
}

static bool says_dirty(const char *path)
{
    auto_close int fd = open(path, O_RDONLY);
    uint8_t bits[8];

    assert_int_equal(pread(fd, bits, sizeof(bits), 72), sizeof(bits));
    return bits[7] & 1;
}

static void check_as_it_was_left(struct world *w)
{
    struct err e = {0};

    if (!says_dirty("top.qcow2"))
        assert_check("top.qcow2");
    assert_ok(open_chain(w, "top.qcow2:qcow2 base:raw", true, &e), e);
    judge(w, false, "as it was left");
    disk_close(&w->d);
    open_disk(w, "top.qcow2:qcow2 base:raw");
    judge(w, false, "repaired");
    both_write(w, 600 * MIB, 4096, 'n');
    disk_close(&w->d);
    assert_check("top.qcow2");
}

/* False: there are not so many calls. */
static bool try(struct world *w, int at, bool once)
{
    bool failed;

    unlink("top.qcow2");
    create(w, "top.qcow2", "base", "raw");
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = (struct block){.value = {'b'}, .n = 1, .sure = true};
    srand(11);
    open_disk(w, "top.qcow2:qcow2 base:raw");
    full.at = at;
    full.count = 0;
    full.once = once;
    work(w);
    judge(w, true, "open");
    disk_close(&w->d);
    failed = full.count >= at;
    full.at = 0;
    check_as_it_was_left(w);
    return failed;
}

static void make_base(void)
{
    assert_int_equal(shell("truncate -s 1536M base; for m in 0 512 1024; do head -c 256K /dev/zero | tr '\\0' b | "
                           "dd of=base bs=1M seek=$m conv=notrunc status=none; done"), 0);
}

static void test_disk_qcow2__no_room_at_any_call(void **state)
{
    struct world *w = *state;
    int n = 1;

    make_base();
    while (try(w, n, true) && try(w, n, false))
        n++;
    assert_true(n > 60);
}

/* --- the tables' own --- */

static struct qcow2 *open_image(int fd)
{
    struct err e = {0};
    struct qcow2 *q = qcow2_open(fd, true, "top.qcow2", &e);

    if (!q)
        fail_msg("%s", e.msg);
    return q;
}

static void close_crashed(const char *path)
{
    auto_close int fd = open(path, O_RDWR | O_CLOEXEC);

    assert_int_equal(qcow2_close(open_image(fd)), 0);
    assert_check(path);
}

/* The bytes of the file at the end; *failed: the close did not succeed at once. */
static off_t freeze_with(struct world *w, int at, bool *failed)
{
    auto_close int fd = -1;
    struct qcow2 *q;
    struct stat st;
    uint64_t first;

    unlink("top.qcow2");
    create(w, "top.qcow2", NULL, NULL);
    fd = open("top.qcow2", O_RDWR | O_CLOEXEC);
    q = open_image(fd);
    assert_int_equal(qcow2_alloc(q, 70000, &first), 0);
    assert_int_equal(qcow2_link(q, 0, 1, first + 69999 * CLUSTER), 0);
    full.at = at;
    full.count = 0;
    full.once = true;
    *failed = qcow2_freeze(q) < 0;
    full.at = 0;
    if (*failed) { /* killed now, or there is room again */
        assert_int_equal(shell("cp --sparse=always top.qcow2 crashed.qcow2"), 0);
        close_crashed("crashed.qcow2");
        qcow2_thaw(q);
        assert_int_equal(qcow2_freeze(q), 0);
    }
    qcow2_close(q);
    assert_check("top.qcow2");
    assert_int_equal(fstat(fd, &st), 0);
    return st.st_size;
}

/* More clusters than two refcount blocks count: others are made at the close.  A cluster that was taken in vain is not lost. */
static void test_qcow2_freeze__no_room_for_a_refcount_block(void **state)
{
    struct world *w = *state;
    bool failed = true;
    off_t whole = freeze_with(w, 0, &failed);

    assert_false(failed);
    for (int n = 1; n == 1 || failed; n++)
        assert_int_equal(freeze_with(w, n, &failed), whole);
}

/* Whatever has to be written to a fresh image's own tables has its place: nothing of them is a hole. */
static void test_qcow2_create__takes_the_space_of_its_tables(void **state)
{
    struct world *w = *state;
    struct stat st;

    create(w, "top.qcow2", NULL, NULL);
    assert_int_equal(stat("top.qcow2", &st), 0);
    assert_true(st.st_blocks * 512 >= st.st_size);
    assert_check("top.qcow2");
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_disk_qcow2__no_room_at_any_call),
        test(test_qcow2_freeze__no_room_for_a_refcount_block),
        test(test_qcow2_create__takes_the_space_of_its_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
