/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P device over guest memory made here, with a loop thread and the server's workers as in a machine.
 */
/* Between what the device takes from its ring and its work on it another vCPU may do anything. */
#include "p9/server.h"
void work_hooked(struct p9_session *s, bool here);
#define p9_session_work work_hooked
#include "vmm/virtio_9p.c"
#undef p9_session_work

#include "tests/unit/fixture.h"

#include "p9/msg.h"
#include "tests/unit/driver.h"
#include "tests/unit/interrupt.h"
#include "tests/unit/p9_memfs.h"

#define RING 32
#define SLOTS 16
#define SLOT_AT(i) (DRIVER_DATA_AT + 0x4000ULL * (i)) /* request; its reply 0x1000 behind */
#define ROOM 0x3000

struct world {
    struct mem mem;
    struct memfs files;
    struct p9_fs_ops ops;
    _Atomic pthread_t worked;
    struct loop *loop;
    pthread_t loop_thread;
    struct virtio_9p p;
    struct driver d;
    int irq;
};

static struct {
    void (*run)(struct world *w); /* once */
    struct world *w;
} before_work;

void work_hooked(struct p9_session *s, bool here)
{
    void (*run)(struct world *) = before_work.run;

    before_work.run = NULL;
    if (run)
        run(before_work.w);
    p9_session_work(s, here);
}

static void *run_loop(void *arg)
{
    loop_run(arg);
    return NULL;
}

/* As a driver that has just been loaded. */
static void start_driver(struct world *w)
{
    loop_lock(w->loop);
    driver_negotiate(&w->p.v, 0);
    driver_init(&w->d, &w->mem, &w->p.v.queue[0], 0, RING);
    virtio_enable_queue(&w->p.v, 0);
    driver_ok(&w->p.v);
    loop_unlock(w->loop);
}

/* Before each request that names a fid, on its thread. */
static void become(struct p9_fs *fs, uint32_t uid, bool changes_data)
{
    struct world *w = (struct world *)((char *)fs - offsetof(struct world, files));

    (void)uid, (void)changes_data;
    atomic_store(&w->worked, pthread_self());
}

static int walk_near(struct p9_fs *fs, struct p9_node *dir, const char *name, bool at_once, struct p9_node **found)
{
    (void)at_once;
    return fs->ops->walk(fs, dir, name, found);
}

static int set_up_as(void **state, bool brisk)
{
    struct world *w = calloc(1, sizeof(*w));
    struct err e = {0};
    struct p9_export x = {.limits = p9_limits_default()};

    memfs_init(&w->files);
    w->ops = *w->files.fs.ops;
    w->ops.become = become;
    w->ops.walk_near = walk_near;
    w->files.fs.ops = &w->ops;
    w->files.fs.brisk = brisk;
    x.fs = &w->files.fs;
    assert_ok(mem_init(&w->mem, DRIVER_MEM, &e), e);
    assert_non_null(w->loop = loop_new(&e));
    assert_ok(virtio_9p_init(&w->p, &w->mem, w->loop, "home", &x, &e), e);
    interrupt_open(&w->p.v, &w->irq);
    assert_int_equal(pthread_create(&w->loop_thread, NULL, run_loop, w->loop), 0);
    start_driver(w);
    *state = w;
    return 0;
}

static int set_up(void **state)
{
    return set_up_as(state, false);
}

static int set_up_brisk(void **state)
{
    return set_up_as(state, true);
}

static int tear_down(void **state)
{
    struct world *w = *state;

    memfs_gate(&w->files, false);
    loop_quit(w->loop);
    pthread_join(w->loop_thread, NULL);
    assert_true(virtio_9p_release(&w->p));
    memfs_release(&w->files);
    loop_free(w->loop);
    mem_release(&w->mem);
    close(w->irq);
    free(w);
    return 0;
}

/* --- A driver that speaks 9P ---------------------------------------------------------------------- */

static struct p9_msg msg_at(struct world *w, unsigned slot, size_t len)
{
    struct p9_msg m = {0};
    void *reply = driver_at(&w->d, SLOT_AT(slot) + 0x1000, ROOM);

    assert_true(p9_msg_decode(&m, reply, len, (uint32_t)len) > 0);
    return m;
}

/* Offers a request, in memory of its tag's, without telling the device. */
static void offer_tagged(struct world *w, unsigned slot, uint16_t tag, struct p9_msg m)
{
    struct desc_entry pieces[2] = {{SLOT_AT(tag), 0, 0, 0}, {SLOT_AT(tag) + 0x1000, ROOM, WRITE, 0}};
    int len;

    m.tag = tag;
    len = p9_msg_encode(&m, driver_at(&w->d, SLOT_AT(tag), 0x1000), 0x1000);
    assert_true(len > 0);
    pieces[0].len = (uint32_t)len;
    driver_chain(&w->d, (uint16_t)(2 * slot), pieces, 2);
}

static void offer(struct world *w, unsigned slot, struct p9_msg m)
{
    offer_tagged(w, slot, (uint16_t)slot, m);
}

static void notify(struct world *w)
{
    loop_lock(w->loop);
    w->p.v.class->notify(&w->p.v, 0);
    loop_unlock(w->loop);
}

static uint16_t used_index(struct world *w)
{
    uint16_t index;

    loop_lock(w->loop);
    index = driver_used_index(&w->d);
    loop_unlock(w->loop);
    return index;
}

static void await_used(struct world *w, uint16_t index)
{
    while (used_index(w) != index)
        usleep(500);
}

/* Sends one, waits, returns its reply. */
static struct p9_msg ask(struct world *w, struct p9_msg m)
{
    uint16_t before = used_index(w);

    offer(w, 0, m);
    notify(w);
    await_used(w, (uint16_t)(before + 1));
    assert_int_equal(driver_used(&w->d, before).id, 0);
    return msg_at(w, 0, driver_used(&w->d, before).len);
}

#define MSG(...) ((struct p9_msg){__VA_ARGS__})
#define VERSION MSG(.type = P9_TVERSION, .version = {65536, {P9_VERSION, 8}})
#define ATTACH MSG(.type = P9_TATTACH, .tattach = {.fid = 0, .afid = P9_NOFID})
#define READ_SLOW MSG(.type = P9_TREAD, .io = {1, 0, 10})
#define ask_for(w, m, reply) assert_int_equal(ask(w, m).type, reply)

/* Fid 0: the root; fid 1: "slow", open, whose reads wait at the gate. */
static void open_slow(struct world *w)
{
    ask_for(w, VERSION, P9_RVERSION);
    ask_for(w, ATTACH, P9_RATTACH);
    ask_for(w, MSG(.type = P9_TMKNOD, .tmknod = {0, {"slow", 4}, 0644, 0, 0, 0}), P9_RMKNOD);
    ask_for(w, MSG(.type = P9_TWALK, .twalk = {0, 1, 1, {{"slow", 4}}}), P9_RWALK);
    ask_for(w, MSG(.type = P9_TLOPEN, .tlopen = {1, 2}), P9_RLOPEN);
    memfs_gate(&w->files, true);
}

/* --- Tests ---------------------------------------------------------------------------------------- */

static void test_config_read__is_the_tag(void **state)
{
    struct world *w = *state;
    uint8_t config[6];

    assert_int_equal(w->p.v.config_size, sizeof(config));
    w->p.v.class->config_read(&w->p.v, 0, config, sizeof(config));
    assert_memory_equal(config, "\4\0home", 6);
    w->p.v.class->config_read(&w->p.v, 3, config, 2);
    assert_memory_equal(config, "om", 2);
}

static void test_init__refuses_bad_tags(void **state)
{
    struct world *w = *state;
    struct p9_export x = {.fs = &w->files.fs, .limits = p9_limits_default()};
    static const char *const tags[] = {"", "01234567890123456789012345678901"};

    for (size_t i = 0; i < 2; i++) {
        struct virtio_9p p;
        struct err e = {0};

        assert_int_equal(virtio_9p_init(&p, &w->mem, w->loop, tags[i], &x, &e), -EINVAL);
        assert_says(e, "1 to 31 bytes");
        virtio_9p_release(&p);
    }
}

static void test_notify__answers_in_the_writable_pieces(void **state)
{
    struct world *w = *state;
    struct p9_msg m = ask(w, VERSION);

    assert_int_equal(m.type, P9_RVERSION);
    assert_int_equal(m.version.msize, 65536);
    ask_for(w, ATTACH, P9_RATTACH);
    assert_int_equal(w->p.v.stats.requests, 2);
    assert_int_equal(w->p.in_flight, 0);
}

/* Linux cuts a Twrite and an Rread like this: what is before the data, then pages of it. */
static void test_notify__data_lies_in_pieces(void **state)
{
    struct world *w = *state;
    struct p9_msg write = {.type = P9_TWRITE, .tag = 3, .io = {1, 0, 5}};
    struct p9_msg read = {.type = P9_TREAD, .tag = 4, .io = {1, 1, 4}};
    const struct desc_entry writes[] = {{SLOT_AT(3), 20, 0, 0}, {SLOT_AT(3) + 20, 3, 0, 0},
                                        {SLOT_AT(5), 2, 0, 0}, {SLOT_AT(6), 3, 0, 0},
                                        {SLOT_AT(7), 11, WRITE, 0}};
    const struct desc_entry reads[] = {{SLOT_AT(4), 23, 0, 0}, {SLOT_AT(8), 11, WRITE, 0},
                                       {SLOT_AT(9), 1, WRITE, 0}, {SLOT_AT(10), 3, WRITE, 0}};
    uint16_t before;

    open_slow(w);
    memfs_gate(&w->files, false);
    before = used_index(w);
    assert_int_equal(p9_msg_encode(&write, driver_at(&w->d, SLOT_AT(3), 64), 64), 23);
    assert_int_equal(p9_msg_encode(&read, driver_at(&w->d, SLOT_AT(4), 64), 64), 23);
    memcpy(driver_at(&w->d, SLOT_AT(5), 2), "he", 2);
    memcpy(driver_at(&w->d, SLOT_AT(6), 3), "llo", 3);
    driver_chain(&w->d, 0, writes, 5);
    notify(w);
    await_used(w, (uint16_t)(before + 1));
    assert_int_equal(driver_used(&w->d, before).len, 11);
    driver_chain(&w->d, 8, reads, 4);
    notify(w);
    await_used(w, (uint16_t)(before + 2));
    assert_int_equal(driver_used(&w->d, (uint16_t)(before + 1)).id, 8);
    assert_int_equal(driver_used(&w->d, (uint16_t)(before + 1)).len, 15);
    assert_memory_equal(driver_at(&w->d, SLOT_AT(9), 1), "e", 1);
    assert_memory_equal(driver_at(&w->d, SLOT_AT(10), 3), "llo", 3);
}

static void test_complete__a_batch_is_one_interrupt(void **state)
{
    struct world *w = *state;
    struct p9_session_stats st;
    uint64_t rings, before;
    uint16_t used;

    open_slow(w);
    p9_session_stats(w->p.session, &st);
    before = st.requests;
    used = used_index(w);
    assert_int_equal(read(w->irq, &rings, sizeof(rings)), sizeof(rings));
    for (unsigned i = 0; i < 4; i++)
        offer(w, i, READ_SLOW);
    notify(w);
    memfs_wait(&w->files, 4);
    loop_lock(w->loop); /* as when a vCPU is in a register: workers cannot publish */
    memfs_gate(&w->files, false);
    do
        p9_session_stats(w->p.session, &st);
    while (st.requests < before + 4 && usleep(500) == 0);
    assert_int_equal(driver_used_index(&w->d), used);
    loop_unlock(w->loop);
    await_used(w, (uint16_t)(used + 4));
    assert_int_equal(read(w->irq, &rings, sizeof(rings)), sizeof(rings));
    assert_int_equal(rings, 1);
}

static void test_notify__a_flushed_request_comes_back_empty(void **state)
{
    struct world *w = *state;
    uint16_t before;

    open_slow(w);
    before = used_index(w);
    for (unsigned i = 1; i <= 5; i++) /* a fid has four workers: the fifth is queued */
        offer(w, i, READ_SLOW);
    notify(w);
    memfs_wait(&w->files, 4);
    offer(w, 6, MSG(.type = P9_TFLUSH, .tflush = {5}));
    notify(w);
    await_used(w, (uint16_t)(before + 2));
    assert_int_equal(driver_used(&w->d, before).id, 10);
    assert_int_equal(driver_used(&w->d, before).len, 0);
    assert_int_equal(driver_used(&w->d, (uint16_t)(before + 1)).id, 12);
    assert_int_equal(msg_at(w, 6, driver_used(&w->d, (uint16_t)(before + 1)).len).type, P9_RFLUSH);
}

static void test_notify__chains_without_request_or_room(void **state)
{
    struct world *w = *state;
    const struct desc_entry no_room = {SLOT_AT(1), 7, 0, 0}, no_request = {SLOT_AT(2), ROOM, WRITE, 0};

    memset(driver_at(&w->d, SLOT_AT(1), 7), 0xff, 7);
    driver_chain(&w->d, 2, &no_room, 1);
    driver_chain(&w->d, 4, &no_request, 1);
    notify(w);
    await_used(w, 2);
    assert_false(w->p.v.status & VIRTIO_NEEDS_RESET);
    ask_for(w, VERSION, P9_RVERSION);
}

static void test_notify__fails_when_chains_are_offered_twice(void **state)
{
    struct world *w = *state;

    open_slow(w);
    for (uint16_t round = 0; round < 3; round++) {
        for (uint16_t i = 0; i < SLOTS; i++)
            offer_tagged(w, i, (uint16_t)(SLOTS * round + i), READ_SLOW);
        notify(w);
    }
    loop_lock(w->loop);
    assert_true(w->p.v.status & VIRTIO_NEEDS_RESET);
    assert_true(w->p.in_flight <= RING);
    loop_unlock(w->loop);
}

/* A vCPU's thread has umask 0, and keeps nobody waiting: the loop's does neither. */
static void test_notify__is_worked_on_by_a_vcpu_but_not_by_the_loop(void **state)
{
    struct world *w = *state;
    struct p9_msg make = MSG(.type = P9_TMKDIR, .tmkdir = {0, {"a", 1}, 0777, 0});

    ask_for(w, VERSION, P9_RVERSION);
    ask_for(w, ATTACH, P9_RATTACH);
    ask_for(w, make, P9_RMKDIR);
    assert_true(pthread_equal(atomic_load(&w->worked), pthread_self()));
    loop_lock(w->loop);
    w->p.v.on_loop = true; /* as virtio_mmio.c has it meanwhile */
    loop_unlock(w->loop);
    make.tmkdir.name.s = "b";
    ask_for(w, make, P9_RMKDIR);
    assert_false(pthread_equal(atomic_load(&w->worked), pthread_self()));
}

/* --- Reset ---------------------------------------------------------------------------------------- */

struct resetting {
    struct world *w;
    atomic_bool begun;
};

static void *reset(void *arg)
{
    struct resetting *r = arg;

    loop_lock(r->w->loop);
    atomic_store(&r->begun, true);
    virtio_set_status(&r->w->p.v, 0);
    loop_unlock(r->w->loop);
    return NULL;
}

static void test_reset__tells_nothing_of_what_ran(void **state)
{
    struct world *w = *state;
    struct resetting r = {.w = w};
    pthread_t thread;
    uint16_t before;

    open_slow(w);
    before = used_index(w);
    for (unsigned i = 1; i <= 6; i++)
        offer(w, i, READ_SLOW);
    notify(w);
    memfs_wait(&w->files, 4);
    assert_int_equal(pthread_create(&thread, NULL, reset, &r), 0);
    while (!atomic_load(&r.begun))
        usleep(100);
    memfs_gate(&w->files, false);
    pthread_join(thread, NULL);
    assert_true(p9_session_drain(w->p.session, 60000));
    assert_int_equal(used_index(w), before);
    assert_int_equal(w->p.in_flight, 0);
}

static void test_reset__the_next_driver_starts_afresh(void **state)
{
    struct world *w = *state;

    open_slow(w);
    memfs_gate(&w->files, false);
    loop_lock(w->loop);
    virtio_set_status(&w->p.v, 0);
    loop_unlock(w->loop);
    start_driver(w);
    ask_for(w, VERSION, P9_RVERSION);
    ask_for(w, ATTACH, P9_RATTACH); /* its fid 0 would be in use */
    ask_for(w, MSG(.type = P9_TCLUNK, .fid = 1), P9_RLERROR);
}

static void reset_now(struct world *w)
{
    loop_lock(w->loop);
    virtio_set_status(&w->p.v, 0);
    loop_unlock(w->loop);
}

/* What a vCPU took before another one reset the device is no business of the ring of afterwards. */
static void test_reset__between_what_is_taken_and_worked_on(void **state)
{
    struct world *w = *state;
    uint16_t before = used_index(w);

    offer(w, 0, VERSION);
    before_work.run = reset_now;
    before_work.w = w;
    notify(w);
    assert_int_equal(used_index(w), before);
    start_driver(w);
    ask_for(w, VERSION, P9_RVERSION);
}

/* As one of a network, which may never answer. */
static void open_apart(struct world *w)
{
    open_slow(w);
    mem_find(&w->files.root->node, "slow")->node->node.apart = true;
}

/* What it answers at last must not be found in what is by then another's memory. */
static void test_reset__a_late_answer_is_written_nowhere(void **state)
{
    struct world *w = *state;
    uint8_t none[64];

    open_apart(w);
    offer(w, 1, READ_SLOW);
    notify(w);
    memfs_wait(&w->files, 1);
    reset_now(w);
    memset(none, 0x55, sizeof(none));
    memcpy(driver_at(&w->d, SLOT_AT(1) + 0x1000, sizeof(none)), none, sizeof(none));
    memfs_gate(&w->files, false);
    assert_true(p9_session_drain(w->p.session, 60000));
    assert_memory_equal(driver_at(&w->d, SLOT_AT(1) + 0x1000, sizeof(none)), none, sizeof(none));
}

static bool is_reset(void *ctx)
{
    (void)ctx;
    return true;
}

static void test_reset__that_is_yet_to_be_seen_is_given_nothing(void **state)
{
    struct world *w = *state;
    uint16_t before = used_index(w);
    uint8_t none[64];

    w->p.v.is_reset = is_reset;
    offer(w, 1, VERSION);
    memset(none, 0x55, sizeof(none));
    memcpy(driver_at(&w->d, SLOT_AT(1) + 0x1000, sizeof(none)), none, sizeof(none));
    notify(w);
    assert_true(p9_session_drain(w->p.session, 60000));
    assert_int_equal(used_index(w), before);
    assert_memory_equal(driver_at(&w->d, SLOT_AT(1) + 0x1000, sizeof(none)), none, sizeof(none));
    w->p.v.is_reset = NULL;
    reset_now(w);
    start_driver(w);
    ask_for(w, VERSION, P9_RVERSION);
}

/* A host's file that does not answer holds up neither the machine nor, but for its requests, the next driver. */
static void test_reset__does_not_wait_for_ever(void **state)
{
    struct world *w = *state;
    uint16_t before;

    open_apart(w);
    for (unsigned i = 1; i <= 6; i++)
        offer(w, i, READ_SLOW);
    notify(w);
    memfs_wait(&w->files, 4);
    reset_now(w);
    assert_int_equal(w->files.waiting, 4);
    start_driver(w);
    offer(w, 1, VERSION);
    offer(w, 2, ATTACH);
    notify(w);
    before = used_index(w);
    usleep(20000); /* time to answer before its turn */
    assert_int_equal(used_index(w), before);
    memfs_gate(&w->files, false);
    await_used(w, 2);
    assert_int_equal(driver_used(&w->d, 0).id, 2);
    assert_int_equal(msg_at(w, 1, driver_used(&w->d, 0).len).type, P9_RVERSION);
    assert_int_equal(msg_at(w, 2, driver_used(&w->d, 1).len).type, P9_RATTACH);
    ask_for(w, MSG(.type = P9_TCLUNK, .fid = 1), P9_RLERROR);
}

static void test_release__does_not_wait_for_ever(void **state)
{
    struct world *w = *state;
    uint16_t before;

    open_apart(w);
    offer(w, 1, READ_SLOW);
    notify(w);
    memfs_wait(&w->files, 1);
    before = used_index(w);
    assert_false(virtio_9p_release(&w->p));
    memfs_gate(&w->files, false);
    assert_true(p9_session_drain(w->p.session, 60000));
    assert_int_equal(used_index(w), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_config_read__is_the_tag),
        TEST(test_init__refuses_bad_tags),
        TEST(test_notify__answers_in_the_writable_pieces),
        TEST(test_notify__data_lies_in_pieces),
        TEST(test_complete__a_batch_is_one_interrupt),
        TEST(test_notify__a_flushed_request_comes_back_empty),
        TEST(test_notify__chains_without_request_or_room),
        TEST(test_notify__fails_when_chains_are_offered_twice),
        cmocka_unit_test_setup_teardown(test_notify__is_worked_on_by_a_vcpu_but_not_by_the_loop, set_up_brisk,
                                        tear_down),
        TEST(test_reset__tells_nothing_of_what_ran),
        TEST(test_reset__the_next_driver_starts_afresh),
        TEST(test_reset__between_what_is_taken_and_worked_on),
        TEST(test_reset__a_late_answer_is_written_nowhere),
        TEST(test_reset__that_is_yet_to_be_seen_is_given_nothing),
        TEST(test_reset__does_not_wait_for_ever),
        TEST(test_release__does_not_wait_for_ever),
    };

    alarm(120); /* what hangs has failed */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
