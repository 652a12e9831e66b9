/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions as a transport sees them: pieces of memory, order, flushes, batches, resets.
 */
#include "core/base/iov.h"
#include "p9/server.h"

#include "tests/unit/fixture.h"

#include "tests/unit/p9_session.h"

static void start(struct world *w, struct call *c, uint16_t tag, struct p9_msg m)
{
    prepare(c, tag, m);
    p9_session_submit(w->session, &c->r);
}

/* Sends one and waits for it; returns the reply's type. */
static uint8_t ask(struct world *w, struct p9_msg m)
{
    static struct call c;
    unsigned before = w->count;

    start(w, &c, 999, m);
    await(w, before + 1);
    return c.r.reply_len > 0 ? c.reply[4] : 0;
}

#define FLUSH(t) MSG(.type = P9_TFLUSH, .tflush = {t})
#define VERSION MSG(.type = P9_TVERSION, .version = {65536, {P9_VERSION, 8}})

/* Fid 0: the root; 1, 2...: clones, open on "slow"; 100: a plain file. */
static void open_session(struct world *w, unsigned workers, uint32_t slow)
{
    struct p9_export x = {.fs = &w->mem.fs, .limits = p9_limits_default()};

    x.limits.workers = workers;
    w->session = p9_session_new(&x, completed, w, NULL);
    assert_int_equal(ask(w, VERSION), P9_RVERSION);
    assert_int_equal(ask(w, MSG(.type = P9_TATTACH, .tattach = {0, P9_NOFID})), P9_RATTACH);
    ask(w, MSG(.type = P9_TMKNOD, .tmknod = {0, {"slow", 4}, 0644, 0, 0, 0}));
    ask(w, MSG(.type = P9_TMKNOD, .tmknod = {0, {"fast", 4}, 0644, 0, 0, 0}));
    for (uint32_t fid = 1; fid <= slow; fid++) {
        assert_int_equal(ask(w, MSG(.type = P9_TWALK, .twalk = {0, fid, 1, {{"slow", 4}}})), P9_RWALK);
        assert_int_equal(ask(w, MSG(.type = P9_TLOPEN, .tlopen = {fid, 0})), P9_RLOPEN);
    }
    assert_int_equal(ask(w, MSG(.type = P9_TWALK, .twalk = {0, 100, 1, {{"fast", 4}}})), P9_RWALK);
    memfs_gate(&w->mem, true);
}

static void test_session__a_slow_file_stalls_no_other(void **state)
{
    struct world *w = *state;
    struct call *slow = calloc(100, sizeof(*slow)), fast;
    unsigned before;

    open_session(w, 8, 1);
    before = w->count;
    for (uint16_t i = 0; i < 100; i++)
        start(w, &slow[i], i, READ(1));
    memfs_wait(&w->mem, 2);
    start(w, &fast, 500, GETATTR(100));
    await(w, before + 1);
    assert_int_equal(fast.order, before + 1);
    memfs_gate(&w->mem, false);
    await(w, before + 101);
    free(slow);
}

static void test_flush__of_a_running_request_waits_for_it(void **state)
{
    struct world *w = *state;
    struct call slow, flush, again, flush_of_flush;
    unsigned before;

    open_session(w, 4, 1);
    before = w->count;
    start(w, &slow, 1, READ(1));
    memfs_wait(&w->mem, 1);
    start(w, &flush, 2, FLUSH(1));
    start(w, &again, 3, FLUSH(1));
    start(w, &flush_of_flush, 4, FLUSH(2));
    assert_int_equal(ask(w, GETATTR(100)), P9_RGETATTR);
    assert_int_equal(w->count, before + 1);
    memfs_gate(&w->mem, false);
    await(w, before + 5);
    assert_int_equal(slow.order, before + 2);
    assert_int_equal(slow.reply[4], P9_RREAD);
    assert_int_equal(flush.reply[4], P9_RFLUSH);
    assert_true(flush.order > slow.order && again.order > slow.order);
    assert_true(flush_of_flush.order > flush.order);
}

static void test_flush__takes_a_waiting_request_out(void **state)
{
    struct world *w = *state;
    struct call running, queued, flush;
    unsigned before;

    open_session(w, 1, 1);
    before = w->count;
    start(w, &running, 1, READ(1));
    memfs_wait(&w->mem, 1);
    start(w, &queued, 2, MSG(.type = P9_TMKDIR, .tmkdir = {0, {"d", 1}, 0755, 0}));
    start(w, &flush, 3, FLUSH(2));
    await(w, before + 2);
    assert_int_equal(queued.order, before + 1);
    assert_int_equal(queued.r.reply_len, 0);
    assert_int_equal(flush.order, before + 2);
    assert_int_equal(flush.r.reply_len, 7);
    memfs_gate(&w->mem, false);
    await(w, before + 3);
    assert_int_equal(ask(w, MSG(.type = P9_TWALK, .twalk = {0, 7, 1, {{"d", 1}}})), P9_RLERROR);
}

static void test_flush__of_nothing_and_of_itself_is_answered(void **state)
{
    struct world *w = *state;

    open_session(w, 2, 0);
    assert_int_equal(ask(w, FLUSH(77)), P9_RFLUSH);
    assert_int_equal(ask(w, FLUSH(999)), P9_RFLUSH);
}

static void test_version__waits_for_all_and_holds_back_the_rest(void **state)
{
    struct world *w = *state;
    struct call slow, version, attach;
    unsigned before;

    open_session(w, 4, 1);
    before = w->count;
    start(w, &slow, 1, READ(1));
    memfs_wait(&w->mem, 1);
    start(w, &version, P9_NOTAG, VERSION);
    start(w, &attach, 2, MSG(.type = P9_TATTACH, .tattach = {1, P9_NOFID}));
    usleep(20000); /* time for a worker to do what it must not */
    memfs_gate(&w->mem, false);
    await(w, before + 3);
    assert_int_equal(slow.order, before + 1);
    assert_int_equal(version.order, before + 2);
    assert_int_equal(attach.reply[4], P9_RATTACH); /* fid 1 was free again */
}

static void test_reset__drops_what_waits_and_awaits_what_runs(void **state)
{
    struct world *w = *state;
    struct call slow, queued, flush;
    struct p9_session_stats st;

    open_session(w, 1, 1);
    start(w, &slow, 1, READ(1));
    memfs_wait(&w->mem, 1);
    start(w, &queued, 2, GETATTR(0));
    start(w, &flush, 3, FLUSH(1));
    memfs_gate(&w->mem, false);
    assert_true(p9_session_reset(w->session, -1));
    assert_true(slow.order > 0 && queued.order > 0 && flush.order > slow.order);
    p9_session_stats(w->session, &st);
    assert_int_equal(st.fids, 0);
    assert_int_equal(st.files, 0);
    assert_int_equal(ask(w, GETATTR(0)), P9_RLERROR);
    assert_int_equal(ask(w, VERSION), P9_RVERSION);
}

/* A file that does not answer: later requests wait for the reset, whose tags and fids they may have again. */
static void test_reset__has_its_turn_when_what_runs_has_ended(void **state)
{
    struct world *w = *state;
    struct call slow, flush, version, attach;
    struct p9_session_stats st;

    open_session(w, 4, 1);
    start(w, &slow, 1, READ(1));
    memfs_wait(&w->mem, 1);
    start(w, &flush, 2, FLUSH(1));
    assert_false(p9_session_reset(w->session, 20));
    assert_false(p9_session_reset(w->session, 20)); /* another is the same one */
    start(w, &version, 1, VERSION);
    start(w, &attach, 2, MSG(.type = P9_TATTACH, .tattach = {1, P9_NOFID}));
    usleep(20000); /* time for a worker to do what it must not */
    assert_int_equal(slow.order + flush.order + version.order + attach.order, 0);
    memfs_gate(&w->mem, false);
    await_call(w, &attach);
    assert_true(slow.order < flush.order && flush.order < version.order && version.order < attach.order);
    assert_int_equal(version.reply[4], P9_RVERSION);
    assert_int_equal(attach.reply[4], P9_RATTACH);
    p9_session_stats(w->session, &st);
    assert_int_equal(st.fids, 1);
    assert_int_equal(st.files, 0);
}

static void test_drain__awaits_all_and_keeps_the_fids(void **state)
{
    struct world *w = *state;
    struct call slow, queued;

    open_session(w, 1, 1);
    start(w, &slow, 1, READ(1));
    memfs_wait(&w->mem, 1);
    start(w, &queued, 2, GETATTR(0));
    assert_false(p9_session_drain(w->session, 20));
    assert_int_equal(slow.order + queued.order, 0);
    memfs_gate(&w->mem, false);
    assert_true(p9_session_drain(w->session, 60000));
    assert_true(slow.order > 0 && queued.order > slow.order);
    assert_int_equal(ask(w, GETATTR(1)), P9_RGETATTR);
    assert_true(p9_session_drain(w->session, 60000));
}

static void test_submit__a_list_completes_in_one_batch_without_workers(void **state)
{
    struct world *w = *state;
    struct call call[10];
    unsigned batches;

    open_session(w, 0, 0);
    batches = w->batches;
    for (uint16_t i = 0; i < 10; i++) {
        prepare(&call[i], i, GETATTR(0));
        call[i].r.next = i < 9 ? &call[i + 1].r : NULL;
    }
    p9_session_submit(w->session, &call[0].r);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(call[i].reply[4], P9_RGETATTR);
    assert_int_equal(w->batches - batches, 1);
}

static void hold(struct world *w, bool held)
{
    pthread_mutex_lock(&w->lock);
    w->held = held;
    pthread_cond_broadcast(&w->completed);
    pthread_mutex_unlock(&w->lock);
}

/* One interrupt or one system call for all of them. */
static void test_complete__what_finishes_meanwhile_is_the_next_batch(void **state)
{
    struct world *w = *state;
    struct p9_session_stats before, now;
    struct call call[20];
    unsigned batches, count;

    open_session(w, 4, 0);
    p9_session_stats(w->session, &before);
    batches = w->batches;
    count = w->count;
    hold(w, true);
    for (uint16_t i = 0; i < 20; i++)
        start(w, &call[i], i, GETATTR(i % 2 ? 0 : 100));
    do
        p9_session_stats(w->session, &now);
    while (now.requests < before.requests + 20);
    hold(w, false);
    await(w, count + 20);
    assert_in_range(w->batches - batches, 1, 2);
}

/* Linux puts the head and the data of a read into pieces of their own; others cut elsewhere. */
static void test_submit__takes_memory_in_any_pieces(void **state)
{
    static const char text[] = "the quick brown fox";
    struct world *w = *state;
    struct iovec in[64], out[64];
    struct call c, write;
    unsigned before;

    open_session(w, 2, 0);
    assert_int_equal(ask(w, MSG(.type = P9_TLOPEN, .tlopen = {100, P9_O_RDWR})), P9_RLOPEN);
    prepare(&write, 5, MSG(.type = P9_TWRITE, .io = {100, 0, sizeof(text)}));
    memcpy(write.request + P9_WRITE_HEAD, text, sizeof(text));
    for (unsigned i = 0; i < P9_WRITE_HEAD + sizeof(text); i++)
        in[i] = (struct iovec){write.request + i, 1};
    write.r.in = in;
    write.r.in_n = P9_WRITE_HEAD + sizeof(text);
    before = w->count;
    p9_session_submit(w->session, &write.r);
    await(w, before + 1);
    assert_int_equal(write.reply[4], P9_RWRITE);
    prepare(&c, 6, MSG(.type = P9_TREAD, .io = {100, 0, 100}));
    for (unsigned i = 0; i < 64; i++)
        out[i] = (struct iovec){c.reply + 3 * i, 3};
    c.r.out = out;
    c.r.out_n = 64;
    p9_session_submit(w->session, &c.r);
    await(w, before + 2);
    assert_int_equal(c.r.reply_len, P9_READ_HEAD + sizeof(text));
    assert_memory_equal(c.reply + P9_READ_HEAD, text, sizeof(text));
}

static void test_submit__never_writes_behind_the_room(void **state)
{
    struct world *w = *state;
    unsigned before;

    open_session(w, 0, 0);
    before = w->count;
    for (size_t room = 0; room < 200; room++) {
        struct call c;

        prepare(&c, 1, GETATTR(0));
        c.out.iov_base = malloc(room + 1);
        c.out.iov_len = room;
        p9_session_submit(w->session, &c.r);
        assert_int_equal(w->count, ++before);
        assert_int_equal(c.r.reply_len, room < 11 ? 0 : room < 160 ? 11 : 160);
        free(c.out.iov_base);
    }
}

/* Memory of a hostile client's: what was looked at for the queue is not what is there for the work. */
static void test_submit__a_request_that_changes_meanwhile_is_refused(void **state)
{
    static const struct {
        unsigned at;
        uint8_t byte;
    } changes[] = {{4, P9_TCLUNK}, {5, 7}, {7, 100}};
    struct world *w = *state;
    struct call c;

    open_session(w, 0, 0);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        prepare(&c, 1, GETATTR(0));
        p9_session_queue(w->session, &c.r);
        c.request[changes[i].at] = changes[i].byte;
        p9_session_work(w->session, true);
        await_call(w, &c);
        assert_int_equal(c.reply[4], P9_RLERROR);
        assert_int_equal(c.reply[7], EBADMSG);
        assert_int_equal(c.reply[5], 1);
    }
}

static void test_submit__a_tag_in_use_is_refused(void **state)
{
    struct world *w = *state;
    struct call slow, twin;
    unsigned before;

    open_session(w, 4, 1);
    before = w->count;
    start(w, &slow, 1, READ(1));
    memfs_wait(&w->mem, 1);
    start(w, &twin, 1, GETATTR(100));
    await(w, before + 1);
    assert_int_equal(twin.reply[4], P9_RLERROR);
    memfs_gate(&w->mem, false);
    await(w, before + 2);
    assert_int_equal(slow.reply[4], P9_RREAD);
}

/* Many threads' worth of everything at once: for the thread sanitizer. */
static void test_session__many_requests_on_few_fids(void **state)
{
    enum { N = 2000 };
    struct world *w = *state;
    struct call *call = calloc(N, sizeof(*call));
    unsigned before;

    open_session(w, 8, 0);
    before = w->count;
    for (uint16_t i = 0; i < N; i++) {
        uint32_t fid = 200 + i % 7;
        const struct p9_msg m[] = {
            MSG(.type = P9_TWALK, .twalk = {0, fid, 1, {{"fast", 4}}}),
            MSG(.type = P9_TLOPEN, .tlopen = {fid, P9_O_RDWR}), READ(fid), GETATTR(fid),
            MSG(.type = P9_TLCREATE, .tlcreate = {fid, {"made", 4}, P9_O_RDWR, 0644, 0}),
            MSG(.type = P9_TCLUNK, .fid = fid), FLUSH((uint16_t)(i - 3)),
            MSG(.type = P9_TWALK, .twalk = {fid, fid, 1, {{"fast", 4}}}),
            MSG(.type = P9_TUNLINKAT, .tunlinkat = {0, {"made", 4}, 0}),
            MSG(.type = P9_TXATTRCREATE, .txattrcreate = {fid, {"user.x", 6}, 0, 0}),
            MSG(.type = P9_TREMOVE, .fid = fid),
        };

        start(w, &call[i], i, m[(i * 2654435761u >> 7) % (sizeof(m) / sizeof(m[0]))]);
    }
    await(w, before + N);
    assert_int_equal(ask(w, GETATTR(0)), P9_RGETATTR);
    free(call);
}

struct submitter {
    struct world *w;
    struct call call[300];
    unsigned first;
};

static void *submit_many(void *arg)
{
    struct submitter *s = arg;

    for (unsigned i = 0; i < 300; i++)
        start(s->w, &s->call[i], (uint16_t)(s->first + i),
              i % 3 ? GETATTR(i % 2 ? 0 : 100) : FLUSH((uint16_t)i));
    return NULL;
}

static void *submit_one(void *arg)
{
    struct submitter *s = arg;

    p9_session_submit(s->w->session, &s->call[0].r);
    return NULL;
}

/* A device's own threads, each with what it took from the ring. */
static void test_submit__from_several_threads_that_do_the_work(void **state)
{
    struct world *w = *state;
    struct submitter *s = calloc(4, sizeof(*s));
    struct p9_session_stats st;
    pthread_t thread[4];
    unsigned before;

    open_session(w, 0, 0);
    before = w->count;
    for (unsigned i = 0; i < 4; i++) {
        s[i].w = w;
        s[i].first = i * 1000;
        assert_int_equal(pthread_create(&thread[i], NULL, submit_many, &s[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    await(w, before + 4 * 300);
    p9_session_stats(w->session, &st);
    assert_int_equal(st.threads, 0);
    for (unsigned i = 0; i < 4 * 300; i++)
        assert_true(s[i / 300].call[i % 300].order > before);
    free(s);
}

/* One of them is held up by a slow file: the others go on. */
static void test_submit__a_thread_held_up_holds_up_no_other(void **state)
{
    struct world *w = *state;
    struct submitter *s = calloc(1, sizeof(*s));
    pthread_t thread;
    unsigned before;

    open_session(w, 0, 1);
    before = w->count;
    s->w = w;
    prepare(&s->call[0], 1, READ(1));
    assert_int_equal(pthread_create(&thread, NULL, submit_one, s), 0);
    memfs_wait(&w->mem, 1);
    assert_int_equal(ask(w, GETATTR(100)), P9_RGETATTR);
    assert_int_equal(w->count, before + 1);
    memfs_gate(&w->mem, false);
    pthread_join(thread, NULL);
    await(w, before + 2);
    assert_int_equal(s->call[0].order, before + 2);
    free(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up_session, tear_down_session)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_session__a_slow_file_stalls_no_other),
        T(test_flush__of_a_running_request_waits_for_it),
        T(test_flush__takes_a_waiting_request_out),
        T(test_flush__of_nothing_and_of_itself_is_answered),
        T(test_version__waits_for_all_and_holds_back_the_rest),
        T(test_reset__drops_what_waits_and_awaits_what_runs),
        T(test_reset__has_its_turn_when_what_runs_has_ended),
        T(test_drain__awaits_all_and_keeps_the_fids),
        T(test_submit__a_list_completes_in_one_batch_without_workers),
        T(test_complete__what_finishes_meanwhile_is_the_next_batch),
        T(test_submit__takes_memory_in_any_pieces),
        T(test_submit__never_writes_behind_the_room),
        T(test_submit__a_request_that_changes_meanwhile_is_refused),
        T(test_submit__a_tag_in_use_is_refused),
        T(test_submit__from_several_threads_that_do_the_work),
        T(test_submit__a_thread_held_up_holds_up_no_other),
        T(test_session__many_requests_on_few_fids),
    };

    alarm(120); /* what hangs has failed */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
