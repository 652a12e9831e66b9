/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client's locks as locks of the host's files. */
#include <fcntl.h>

/* A lock of a file whose server is gone: fcntl does not return. */
int fcntl_hooked(int fd, int cmd, struct flock *l);
#define fcntl fcntl_hooked
#include "p9/localfs_lock.c"
#undef fcntl

#include "tests/unit/p9_fixture.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool closed, waiting;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};

/* The first that comes to a closed gate waits there. */
int fcntl_hooked(int fd, int cmd, struct flock *l)
{
    pthread_mutex_lock(&gate.lock);
    if (gate.closed && !gate.waiting) {
        gate.waiting = true;
        pthread_cond_broadcast(&gate.change);
        while (gate.closed)
            pthread_cond_wait(&gate.change, &gate.lock);
    }
    pthread_mutex_unlock(&gate.lock);
    return fcntl(fd, cmd, l);
}

static void set_gate(bool closed)
{
    pthread_mutex_lock(&gate.lock);
    gate.closed = closed;
    gate.waiting = false;
    pthread_cond_broadcast(&gate.change);
    pthread_mutex_unlock(&gate.lock);
}

static void await_gate(void)
{
    pthread_mutex_lock(&gate.lock);
    while (!gate.waiting)
        pthread_cond_wait(&gate.change, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

/* Would the host's own program get a lock of [start, start + length) of f? */
static bool host_may_lock(struct client *c, short kind, off_t start, off_t length)
{
    struct flock l = {.l_type = kind, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    char *path = file_path("%s/share/f", c->folder);
    int fd = open(path, O_RDWR);

    free(path);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_OFD_GETLK, &l), 0);
    close(fd);
    return l.l_type == F_UNLCK;
}

static void make_f(struct client *c)
{
    assert_int_equal(in_share(c, "head -c 100 /dev/zero > f && chmod 666 f"), 0);
    assert_int_equal(c_open_path(c, 1, "f", P9_O_RDWR), 0);
    assert_int_equal(c_open_path(c, 2, "f", P9_O_RDWR), 0);
}

static void test_lock__is_a_lock_of_the_host(void **state)
{
    struct client *c = *state;

    make_f(c);
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 10, 5, 7, 0), P9_LOCK_OK);
    assert_false(host_may_lock(c, F_RDLCK, 14, 1));
    assert_true(host_may_lock(c, F_WRLCK, 15, 0));
    assert_int_equal(c_lock(c, 1, P9_LOCK_NONE, 0, 12, 7, 0), P9_LOCK_OK);
    assert_true(host_may_lock(c, F_WRLCK, 0, 12));
    assert_false(host_may_lock(c, F_WRLCK, 12, 1));
    assert_int_equal(c_clunk(c, 1), 0);
    assert_true(host_may_lock(c, F_WRLCK, 0, 0));
}

static void test_lock__of_one_process_is_one_on_all_its_files(void **state)
{
    struct client *c = *state;

    make_f(c);
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 0, 10, 7, 0), P9_LOCK_OK);
    assert_int_equal(c_lock(c, 2, P9_LOCK_WRITE, 5, 10, 7, 0), P9_LOCK_OK);
    assert_int_equal(c_lock(c, 2, P9_LOCK_READ, 5, 1, 8, P9_LOCK_BLOCK), P9_LOCK_BLOCKED);
    assert_int_equal(c_clunk(c, 1), 0);
    assert_false(host_may_lock(c, F_WRLCK, 0, 1));
    assert_int_equal(c_lock(c, 2, P9_LOCK_NONE, 0, 0, 7, 0), P9_LOCK_OK);
    assert_int_equal(c_lock(c, 2, P9_LOCK_WRITE, 0, 0, 8, 0), P9_LOCK_OK);
}

static void test_lock__getlock_names_what_is_in_the_way(void **state)
{
    struct client *c = *state;

    make_f(c);
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 10, 5, 7, 0), P9_LOCK_OK);
    assert_int_equal(RPC(c, .type = P9_TGETLOCK, .tlock = {2, P9_LOCK_READ, 0, 0, 0, 8, NAME("guest")}), 0);
    assert_int_equal(c->reply.tlock.kind, P9_LOCK_WRITE);
    assert_int_equal(c->reply.tlock.start, 10);
    assert_int_equal(c->reply.tlock.length, 5);
    assert_int_equal(RPC(c, .type = P9_TGETLOCK, .tlock = {2, P9_LOCK_WRITE, 0, 0, 0, 7, NAME("guest")}), 0);
    assert_int_equal(c->reply.tlock.kind, P9_LOCK_NONE);
    /* As Linux asks, which has forgotten by then what kind it is asked for. */
    assert_int_equal(RPC(c, .type = P9_TGETLOCK, .tlock = {2, P9_LOCK_NONE, 0, 0, 0, 8, NAME("guest")}), 0);
    assert_int_equal(c->reply.tlock.kind, P9_LOCK_WRITE);
    assert_int_equal(RPC(c, .type = P9_TGETLOCK, .tlock = {2, P9_LOCK_NONE, 0, 0, 0, 7, NAME("guest")}), 0);
    assert_int_equal(c->reply.tlock.kind, P9_LOCK_NONE);
    assert_int_equal(c_lock(c, 1, 9, 0, 0, 7, 0), -EINVAL);
    assert_int_equal(c_lock(c, 1, P9_LOCK_READ, ~0ull, 1, 7, 0), -EINVAL);
    assert_int_equal(c_lock(c, ROOT, P9_LOCK_READ, 0, 1, 7, 0), -EBADF);
}

/* `exec 9>f; flock 9; ...; flock -u 9` are three processes. */
static void test_lock__flock_goes_with_the_open_file(void **state)
{
    struct client *c = *state;

    make_f(c);
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 0, 0, 7, P9_LOCK_BLOCK), P9_LOCK_OK);
    assert_int_equal(c_lock(c, 2, P9_LOCK_WRITE, 0, 0, 8, P9_LOCK_BLOCK), P9_LOCK_BLOCKED);
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 0, 0, 9, P9_LOCK_BLOCK), P9_LOCK_OK);
    assert_false(host_may_lock(c, F_RDLCK, 0, 0));
    /* A child closes what it inherited: the parent's lock stays. */
    assert_int_equal(c_lock(c, 1, P9_LOCK_NONE, 0, 0, 10, 0), P9_LOCK_OK);
    assert_false(host_may_lock(c, F_RDLCK, 0, 0));
    assert_int_equal(c_lock(c, 1, P9_LOCK_NONE, 0, 0, 11, P9_LOCK_BLOCK), P9_LOCK_OK);
    assert_true(host_may_lock(c, F_WRLCK, 0, 0));
}

static int open_f(const struct client *c)
{
    auto_free char *path = file_path("%s/share/f", c->folder);

    return open(path, O_RDWR | O_CLOEXEC);
}

/* flock(2) of the host's programs and of the client's exclude each other, as fcntl's locks do. */
static void test_lock__of_a_whole_file_is_a_flock_of_the_host(void **state)
{
    struct client *c = *state;
    int fd;

    make_f(c);
    fd = open_f(c);
    assert_int_equal(flock(fd, LOCK_SH), 0);
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 0, 0, 7, P9_LOCK_BLOCK), P9_LOCK_BLOCKED);
    assert_true(host_may_lock(c, F_WRLCK, 0, 0)); /* nothing is left of the try */
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 0, 1, 7, 0), P9_LOCK_OK); /* bytes are another matter */
    assert_int_equal(c_lock(c, 1, P9_LOCK_NONE, 0, 1, 7, 0), P9_LOCK_OK);
    assert_int_equal(c_lock(c, 1, P9_LOCK_READ, 0, 0, 7, P9_LOCK_BLOCK), P9_LOCK_OK);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1); /* which gives up what it had: flock(2) */
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 0, 0, 7, P9_LOCK_BLOCK), P9_LOCK_OK);
    assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), -1);
    assert_int_equal(c_lock(c, 1, P9_LOCK_NONE, 0, 0, 7, P9_LOCK_BLOCK), P9_LOCK_OK);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    close(fd);
}

static void test_lock__ends_with_the_client(void **state)
{
    struct client *c = *state, *other = calloc(1, sizeof(*other));

    make_f(c);
    other->export = c->export;
    client_connect(other);
    assert_int_equal(c_version(other), 0);
    assert_int_equal(c_attach(other, ROOT, 0, ""), 0);
    assert_int_equal(c_open_path(other, 1, "f", P9_O_RDWR), 0);
    assert_int_equal(c_lock(other, 1, P9_LOCK_WRITE, 0, 0, 7, 0), P9_LOCK_OK);
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 0, 0, 7, 0), P9_LOCK_BLOCKED);
    client_disconnect(other);
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 0, 0, 7, 0), P9_LOCK_OK);
    assert_int_equal(c_version(c), 0);
    assert_true(host_may_lock(c, F_WRLCK, 0, 0));
    free(other);
}

/* Makes and opens a file whose locks are not kept beside those of fid 1. */
static void open_apart(struct client *c, uint32_t fid)
{
    struct p9_attr one, other;
    char name[] = "a";

    assert_int_equal(c_getattr(c, 1, &one), 0);
    for (; *name <= 'z'; ++*name) {
        assert_int_equal(c_create(c, ROOT, fid, name, P9_O_RDWR, 0644), 0);
        assert_int_equal(c_getattr(c, fid, &other), 0);
        if ((one.qid.path ^ other.qid.path) % LOCALFS_LOCK_BUCKETS)
            return;
        assert_int_equal(c_clunk(c, fid), 0);
    }
    fail_msg("every file is like the first");
}

static void test_lock__that_does_not_return_stalls_no_other_file(void **state)
{
    struct client *c = *state;

    make_f(c);
    open_apart(c, 3);
    set_gate(true);
    send_request(c, &(struct p9_msg){.type = P9_TLOCK, .tag = 0xfff, .tlock = {1, P9_LOCK_WRITE, 0, 0, 0, 7, NAME("guest")}},
                 NULL, 0);
    await_gate();
    assert_int_equal(c_lock(c, 3, P9_LOCK_WRITE, 0, 5, 7, 0), P9_LOCK_OK);
    assert_int_equal(c_clunk(c, 3), 0);
    assert_int_equal(c_clunk(c, 2), 0); /* the same file, but without a lock */
    set_gate(false);
    assert_true(receive_reply(c));
    assert_int_equal(c->reply.tag, 0xfff);
    assert_int_equal(c->reply.rlock.status, P9_LOCK_OK);
}

/* --- What locks cost ------------------------------------------------------------------------------- */

static void assert_as_model(const struct local_range *r, const short *model, unsigned n, unsigned *pieces)
{
    *pieces = 0;
    for (unsigned i = 0, from; i < n; i++) {
        if (model[i] == F_UNLCK)
            continue;
        for (from = i; i + 1 < n && model[i + 1] == model[from]; i++)
            ;
        assert_non_null(r);
        assert_int_equal(r->start, from);
        assert_int_equal(r->end, i + 1 < n ? i : INT64_MAX);
        assert_int_equal(r->type, model[from]);
        r = r->next;
        (*pieces)++;
    }
    assert_null(r);
}

/* Locking and unlocking at random, in 40 bytes of which the last stands for all behind it. */
static void test_ranges__are_what_fcntl_makes_of_them(void **state)
{
    enum { BYTES = 40 };
    static const short types[] = {F_RDLCK, F_WRLCK, F_UNLCK};
    struct localfs l = {0};
    struct local_range *ranges = NULL, *spare;
    short model[BYTES];
    uint32_t x = 1;
    unsigned pieces;

    (void)state;
    for (unsigned i = 0; i < BYTES; i++)
        model[i] = F_UNLCK;
    for (int round = 0; round < 20000; round++) {
        struct flock want = {.l_whence = SEEK_SET};
        unsigned start, end;

        x = x * 1664525 + 1013904223;
        start = (x >> 8) % BYTES;
        end = start + 1 + (x >> 16) % (BYTES - start);
        want.l_type = types[(x >> 24) % 3];
        want.l_start = start;
        want.l_len = end == BYTES ? 0 : end - start;
        assert_int_equal(local_ranges_reserve(&l, ranges, &want, &spare), 0);
        local_ranges_set(&l, &ranges, &want, &spare);
        for (unsigned i = start; i < end; i++)
            model[i] = want.l_type;
        assert_as_model(ranges, model, BYTES, &pieces);
        assert_int_equal(l.ranges, pieces);
    }
    local_ranges_drop(&l, &ranges);
    assert_int_equal(l.ranges, 0);
}

static void test_lock__ranges_have_an_end(void **state)
{
    struct client *c = *state;

    make_f(c);
    for (uint64_t i = 0; i < LOCALFS_RANGES_MAX; i++)
        assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 2 * i, 1, 7, 0), P9_LOCK_OK);
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 2 * LOCALFS_RANGES_MAX, 1, 7, 0), -ENOLCK);
    assert_int_equal(c_lock(c, 2, P9_LOCK_READ, 1, 1, 8, 0), -ENOLCK);
    assert_int_equal(c_lock(c, 1, P9_LOCK_NONE, 4, 1, 7, 0), P9_LOCK_OK);
    assert_int_equal(c_lock(c, 2, P9_LOCK_READ, 4, 1, 8, 0), P9_LOCK_OK);
    assert_int_equal(c_lock(c, 1, P9_LOCK_NONE, 0, 0, 7, 0), P9_LOCK_OK);
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 90, 1, 7, 0), P9_LOCK_OK);
}

#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, tear_down_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_lock__is_a_lock_of_the_host, set_up_plain),
        T(test_lock__of_one_process_is_one_on_all_its_files, set_up_plain),
        T(test_lock__getlock_names_what_is_in_the_way, set_up_plain),
        T(test_lock__flock_goes_with_the_open_file, set_up_plain),
        T(test_lock__of_a_whole_file_is_a_flock_of_the_host, set_up_plain),
        T(test_lock__ends_with_the_client, set_up_plain),
        T(test_lock__that_does_not_return_stalls_no_other_file, set_up_plain),
        cmocka_unit_test(test_ranges__are_what_fcntl_makes_of_them),
        T(test_lock__ranges_have_an_end, set_up_plain),
    };

    alarm(120); /* what hangs has failed */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
