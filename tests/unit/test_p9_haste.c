/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which requests a session works on where they are submitted, and which it leaves to its workers.
 */
#include "p9/server.h"

#include "tests/unit/fixture.h"

#include "p9/localfs.h"
#include "tests/unit/p9_session.h"

#define BRISK_US 1000000 /* no request takes that long but one at the gate */

struct haste {
    struct world w; /* first: the file system leads here */
    struct p9_fs_ops ops;
    pthread_t worked; /* on the last request */
};

static struct haste *haste_of(struct world *w)
{
    return (struct haste *)w;
}

/* The reply's type; `here`: was it done on this thread? */
static uint8_t ask_where(struct world *w, struct p9_msg m, bool *here)
{
    struct call c;

    prepare(&c, 999, m);
    p9_session_submit(w->session, &c.r);
    await_call(w, &c);
    pthread_mutex_lock(&w->lock);
    *here = pthread_equal(haste_of(w)->worked, pthread_self());
    pthread_mutex_unlock(&w->lock);
    return c.reply[4];
}

#define WALK(f, name) MSG(.type = P9_TWALK, .twalk = {0, f, 1, {{name, strlen(name)}}})
#define FSYNC(f) MSG(.type = P9_TFSYNC, .tfsync = {f, 0})

static void ask_for(struct world *w, struct p9_msg m, uint8_t reply, bool here)
{
    bool was_here;

    assert_int_equal(ask_where(w, m, &was_here), reply);
    assert_int_equal(was_here, here);
}

static void make(struct world *w, uint32_t fid, const char *name, bool here)
{
    ask_for(w, MSG(.type = P9_TMKNOD, .tmknod = {0, {name, (uint16_t)strlen(name)}, 0644, 0, 0, 0}),
            P9_RMKNOD, here);
    ask_for(w, WALK(fid, name), P9_RWALK, here);
    ask_for(w, MSG(.type = P9_TLOPEN, .tlopen = {fid, 2}), P9_RLOPEN, here);
}

/* Fid 0: the root; 1 and 2: "slow", open; 3: "fast", open. */
static void open_session_of(struct world *w, bool here, bool ours, bool brisk)
{
    struct p9_export x = {.fs = &w->mem.fs, .limits = p9_limits_default(), .here = here, .ours = ours};
    bool both = here && brisk && (ours || !w->mem.fs.personal);

    x.limits.brisk_us = BRISK_US;
    w->mem.fs.brisk = brisk;
    w->session = p9_session_new(&x, completed, w, NULL);
    ask_for(w, MSG(.type = P9_TVERSION, .version = {65536, {P9_VERSION, 8}}), P9_RVERSION, false);
    ask_for(w, MSG(.type = P9_TATTACH, .tattach = {0, P9_NOFID}), P9_RATTACH, false);
    make(w, 1, "slow", both);
    make(w, 3, "fast", both);
    ask_for(w, WALK(2, "slow"), P9_RWALK, both);
    ask_for(w, MSG(.type = P9_TLOPEN, .tlopen = {2, 2}), P9_RLOPEN, both);
    memfs_gate(&w->mem, true);
}

static void open_session(struct world *w, bool here, bool brisk)
{
    open_session_of(w, here, false, brisk);
}

/* Before each request that names a fid, on its thread. */
static void become(struct p9_fs *fs, uint32_t uid, bool changes_data)
{
    struct haste *h = (struct haste *)fs;

    (void)uid, (void)changes_data;
    pthread_mutex_lock(&h->w.lock);
    h->worked = pthread_self();
    pthread_mutex_unlock(&h->w.lock);
}

/* As if nothing were in the kernel's cache. */
static int walk_never(struct p9_fs *fs, struct p9_node *dir, const char *name, bool at_once, struct p9_node **found)
{
    return at_once ? -EAGAIN : fs->ops->walk(fs, dir, name, found);
}

static int walk_near(struct p9_fs *fs, struct p9_node *dir, const char *name, bool at_once, struct p9_node **found)
{
    (void)at_once;
    return fs->ops->walk(fs, dir, name, found);
}

static int set_up(void **state)
{
    struct haste *h = calloc(1, sizeof(*h));

    world_init(&h->w);
    h->ops = *h->w.mem.fs.ops;
    h->ops.become = become;
    h->ops.walk_near = walk_near;
    h->w.mem.fs.ops = &h->ops;
    *state = h;
    return 0;
}

/* --- A thread that submits a read of "slow" and is held up in it ----------------------------------- */

struct held {
    struct world *w;
    struct call c;
    pthread_t thread;
};

static void *submit(void *arg)
{
    struct held *h = arg;

    p9_session_submit(h->w->session, &h->c.r);
    return NULL;
}

static void hold_up(struct world *w, struct held *h)
{
    h->w = w;
    prepare(&h->c, 1, READ(1));
    assert_int_equal(pthread_create(&h->thread, NULL, submit, h), 0);
    memfs_wait(&w->mem, 1);
}

static void let_go(struct held *h)
{
    memfs_gate(&h->w->mem, false);
    pthread_join(h->thread, NULL);
    assert_int_equal(h->c.reply[4], P9_RREAD);
}

/* --- Tests ------------------------------------------------------------------------------------------ */

static void test_submit__works_here_only_where_both_allow_it(void **state)
{
    struct world *w = *state;

    open_session(w, true, true);
    ask_for(w, GETATTR(3), P9_RGETATTR, true);
    ask_for(w, READ(3), P9_RREAD, true);
    ask_for(w, FSYNC(3), P9_RFSYNC, false);
}

static void test_submit__not_without_the_transports_word(void **state)
{
    open_session(*state, false, true);
    ask_for(*state, GETATTR(3), P9_RGETATTR, false);
}

static void test_submit__not_without_the_file_systems_word(void **state)
{
    open_session(*state, true, false);
    ask_for(*state, GETATTR(3), P9_RGETATTR, false);
}

static void test_submit__not_as_somebody_else(void **state)
{
    struct world *w = *state;

    w->mem.fs.personal = true;
    open_session(w, true, true);
    ask_for(w, GETATTR(3), P9_RGETATTR, false);
}

static void test_submit__as_somebody_else_on_a_thread_of_the_sessions(void **state)
{
    struct world *w = *state;

    w->mem.fs.personal = true;
    open_session_of(w, true, true, true);
    ask_for(w, GETATTR(3), P9_RGETATTR, true);
}

static void test_submit__beside_another_only_what_cannot_wait(void **state)
{
    struct world *w = *state;
    struct held h;

    open_session(w, true, true);
    hold_up(w, &h);
    ask_for(w, GETATTR(3), P9_RGETATTR, true);
    ask_for(w, WALK(9, "fast"), P9_RWALK, true);
    ask_for(w, READ(3), P9_RREAD, false);
    /* Its fid is in a slow call, which may hold it. */
    ask_for(w, GETATTR(1), P9_RGETATTR, false);
    let_go(&h);
}

static void test_submit__a_second_slow_one_does_not_keep_its_thread(void **state)
{
    struct world *w = *state;
    struct held h;
    struct call second;

    open_session(w, true, true);
    hold_up(w, &h);
    prepare(&second, 2, READ(2));
    p9_session_submit(w->session, &second.r);
    memfs_wait(&w->mem, 2);
    let_go(&h);
    await_call(w, &second);
    assert_int_equal(second.reply[4], P9_RREAD);
}

static void test_submit__one_that_was_slow_sends_the_next_to_the_workers(void **state)
{
    struct world *w = *state;
    struct held h;

    open_session(w, true, true);
    hold_up(w, &h);
    usleep(BRISK_US + 100000);
    let_go(&h);
    ask_for(w, READ(3), P9_RREAD, false);
    ask_for(w, GETATTR(3), P9_RGETATTR, true);
    for (int i = 0; i < 500; i++) {
        bool here;

        assert_int_equal(ask_where(w, GETATTR(3), &here), P9_RGETATTR);
    }
    ask_for(w, READ(3), P9_RREAD, true);
}

static void test_walk__what_is_not_in_the_cache_is_for_the_workers(void **state)
{
    struct world *w = *state;
    struct held h;

    open_session(w, true, true);
    haste_of(w)->ops.walk_near = walk_never;
    hold_up(w, &h);
    ask_for(w, WALK(9, "fast"), P9_RWALK, false);
    ask_for(w, GETATTR(9), P9_RGETATTR, true);
    let_go(&h);
    ask_for(w, WALK(10, "fast"), P9_RWALK, true);
}

static void test_submit__a_mount_in_the_share_is_for_the_workers(void **state)
{
    struct world *w = *state;

    open_session(w, true, true);
    mem_find(&w->mem.root->node, "fast")->node->node.apart = true;
    ask_for(w, GETATTR(3), P9_RGETATTR, false);
    ask_for(w, WALK(9, "fast"), P9_RWALK, false);
    ask_for(w, GETATTR(9), P9_RGETATTR, false);
}

/* What was tried here and could not be done at once keeps its place before what ends the session. */
static void test_submit__what_is_put_off_stays_before_a_version(void **state)
{
    struct world *w = *state;
    struct call put_off, version;

    open_session(w, true, true);
    mem_find(&w->mem.root->node, "fast")->node->node.apart = true;
    prepare(&put_off, 1, GETATTR(3));
    prepare(&version, P9_NOTAG, MSG(.type = P9_TVERSION, .version = {65536, {P9_VERSION, 8}}));
    put_off.r.next = &version.r;
    p9_session_submit(w->session, &put_off.r);
    await_call(w, &put_off);
    await_call(w, &version);
    assert_int_equal(put_off.reply[4], P9_RGETATTR);
    assert_int_equal(version.reply[4], P9_RVERSION);
}

static void test_reset__awaits_who_works_here(void **state)
{
    struct world *w = *state;
    struct p9_session_stats st;
    struct held h;

    open_session(w, true, true);
    hold_up(w, &h);
    let_go(&h);
    assert_true(p9_session_reset(w->session, -1));
    p9_session_stats(w->session, &st);
    assert_int_equal(st.fids, 0);
}

static void test_localfs__is_brisk_on_memory_and_personal_as_others(void **state)
{
    struct p9_localfs_config c = {.root = "/dev/shm"};
    struct p9_node *root, *found;
    struct p9_fs *fs = p9_localfs_new(&c, NULL);

    (void)state;
    assert_true(fs->brisk);
    assert_false(fs->personal);
    assert_int_equal(fs->ops->attach(fs, "", &root), 0);
    assert_false(root->apart);
    /* tmpfs keeps no memory of what is not there. */
    assert_int_equal(fs->ops->walk(fs, root, "lxtop-no-such", &found), -ENOENT);
    assert_int_equal(fs->ops->walk_near(fs, root, "lxtop-no-such", true, &found), -EAGAIN);
    p9_node_put(fs, root);
    p9_localfs_free(fs);
    c.owners.kind = P9_OWNER_PASS;
    fs = p9_localfs_new(&c, NULL);
    assert_true(fs->personal);
    p9_localfs_free(fs);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_session)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_submit__works_here_only_where_both_allow_it),
        T(test_submit__not_without_the_transports_word),
        T(test_submit__not_without_the_file_systems_word),
        T(test_submit__not_as_somebody_else),
        T(test_submit__as_somebody_else_on_a_thread_of_the_sessions),
        T(test_submit__beside_another_only_what_cannot_wait),
        T(test_submit__a_second_slow_one_does_not_keep_its_thread),
        T(test_submit__one_that_was_slow_sends_the_next_to_the_workers),
        T(test_walk__what_is_not_in_the_cache_is_for_the_workers),
        T(test_submit__a_mount_in_the_share_is_for_the_workers),
        T(test_submit__what_is_put_off_stays_before_a_version),
        T(test_reset__awaits_who_works_here),
        cmocka_unit_test(test_localfs__is_brisk_on_memory_and_personal_as_others),
    };

    alarm(120); /* what hangs has failed */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
