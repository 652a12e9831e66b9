/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A share of memory with a mount in it whose server says nothing: the thread that submits goes on, whatever is asked of
 * it.  Each test hangs, and is ended, where it does not.
 */
#define FUSE_USE_VERSION 314
#include <fuse3/fuse_lowlevel.h>

#include "tests/unit/p9_session.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "p9/localfs.h"

#define TEXT(s) {s, sizeof(s) - 1}

struct hung {
    struct world w; /* first: what the session completes to */
    char folder[32];
    struct fuse_session *fuse; /* NULL: none may be mounted here */
    struct p9_fs *fs;
    uint16_t tag;
    atomic_bool taken_back; /* the memory of requests */
};

static struct p9_msg ask(struct hung *h, struct p9_msg m)
{
    static struct call c;
    struct p9_msg reply;

    prepare(&c, ++h->tag, m);
    p9_session_submit(h->w.session, &c.r);
    await_call(&h->w, &c);
    assert_true(p9_msg_decode(&reply, c.reply, c.r.reply_len, (uint32_t)c.r.reply_len) > 0);
    return reply;
}

static void ask_for(struct hung *h, struct p9_msg m, uint8_t type)
{
    assert_int_equal(ask(h, m).type, type);
}

/* Returns while the request waits; its answer comes when the mount is gone. */
static void ask_in_vain(struct hung *h, struct call *c, struct p9_msg m)
{
    prepare(c, ++h->tag, m);
    p9_session_submit(h->w.session, &c->r);
}

static void mount_one_that_hangs(struct hung *h)
{
    static const struct fuse_lowlevel_ops none;
    char *argv[] = {"test", NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    char at[48];

    snprintf(at, sizeof(at), "%s/m", h->folder);
    if (access("/dev/fuse", R_OK | W_OK) < 0)
        return;
    h->fuse = fuse_session_new(&args, &none, sizeof(none), NULL);
    fuse_opt_free_args(&args);
    assert_int_equal(fuse_session_mount(h->fuse, at), 0);
}

static bool is_lent(void *ctx)
{
    return !atomic_load(&((struct hung *)ctx)->taken_back);
}

static int set_up(void **state)
{
    struct p9_localfs_config c = {.refuse_9p = true};
    struct hung *h = calloc(1, sizeof(*h));
    struct p9_export x = {.limits = p9_limits_default(), .here = true, .lent = is_lent, .lent_ctx = h};

    pthread_mutex_init(&h->w.lock, NULL);
    pthread_cond_init(&h->w.completed, NULL);
    strcpy(h->folder, "/dev/shm/lxtop-test-XXXXXX");
    assert_non_null(mkdtemp(h->folder));
    assert_int_equal(shell("mkdir %s/m && echo x > %s/file", h->folder, h->folder), 0);
    mount_one_that_hangs(h);
    c.root = h->folder;
    assert_non_null(h->fs = x.fs = p9_localfs_new(&c, NULL));
    assert_true(h->fs->brisk);
    assert_non_null(h->w.session = p9_session_new(&x, completed, h, NULL));
    ask_for(h, MSG(.type = P9_TVERSION, .version = {65536, TEXT(P9_VERSION_OWN)}), P9_RVERSION);
    ask_for(h, MSG(.type = P9_TATTACH, .tattach = {0, P9_NOFID}), P9_RATTACH);
    *state = h;
    return 0;
}

static void end_mount(struct hung *h)
{
    if (h->fuse) {
        fuse_session_unmount(h->fuse);
        fuse_session_destroy(h->fuse);
    }
    h->fuse = NULL;
}

static int tear_down(void **state)
{
    struct hung *h = *state;

    end_mount(h);
    p9_session_free(h->w.session);
    p9_localfs_free(h->fs);
    shell("rm -r %s", h->folder);
    free(h);
    return 0;
}

#define need_fuse(h)                                                                                                  \
    do {                                                                                                              \
        if (!(h)->fuse)                                                                                               \
            skip();                                                                                                   \
    } while (0)

#define WALK(from, to, name) MSG(.type = P9_TWALK, .twalk = {from, to, 1, {TEXT(name)}})
#define LOOKUP(from, to, name) MSG(.type = P9_TLOOKUP, .tlookup = {from, to, TEXT(name)})

/* What the kernel knows is answered, each name once; what is mounted is not looked at. */
static void assert_listed(struct hung *h, uint8_t type, unsigned told)
{
    unsigned names = 0;
    struct p9_dirent d = {.next = 0};
    struct call c;

    do {
        prepare(&c, ++h->tag, MSG(.type = type, .io = {3, d.next, 4096}));
        p9_session_submit(h->w.session, &c.r);
        await_call(&h->w, &c);
        assert_int_equal(c.reply[4], type + 1);
        for (size_t at = 11, len; at < c.r.reply_len; at += len, names++) {
            assert_true((len = p9_dirent_decode(&d, type == P9_TLIST, c.reply + at, c.r.reply_len - at)) > 0);
            told -= d.attr.valid != 0;
        }
    } while (c.r.reply_len > 11);
    assert_int_equal(names, 4); /* with "." and ".." */
    assert_int_equal(told, 0);
}

static void test_hung__it_is_listed(void **state)
{
    struct hung *h = *state;

    need_fuse(h);
    ask_for(h, MSG(.type = P9_TWALK, .twalk = {0, 3}), P9_RWALK);
    ask_for(h, MSG(.type = P9_TLOPEN, .tlopen = {3}), P9_RLOPEN);
    assert_listed(h, P9_TREADDIR, 0);
    assert_listed(h, P9_TLIST, 1);
}

/* More than there are workers, and from one folder. */
static void test_hung__what_it_is_asked_waits_alone(void **state)
{
    struct hung *h = *state;
    struct call c[40] = {0};
    unsigned n = 0;

    need_fuse(h);
    while (n < 20) {
        ask_in_vain(h, &c[n], WALK(0, 100 + n, "m"));
        n++;
    }
    while (n < ARRAY_SIZE(c)) {
        struct call clone;

        prepare(&clone, ++h->tag, MSG(.type = P9_TWALK, .twalk = {0, 100 + n}));
        p9_session_submit(h->w.session, &clone.r);
        await_call(&h->w, &clone);
        ask_in_vain(h, &c[n], LOOKUP(100 + n, 200 + n, "m"));
        n++;
    }
    ask_for(h, WALK(0, 2, "file"), P9_RWALK);
    ask_for(h, GETATTR(2), P9_RGETATTR);
    ask_for(h, MSG(.type = P9_TLOPEN, .tlopen = {2, 2}), P9_RLOPEN);
    ask_for(h, READ(2), P9_RREAD);
    ask_for(h, MSG(.type = P9_TWALK, .twalk = {0, 3}), P9_RWALK);
    ask_for(h, MSG(.type = P9_TLCREATE, .tlcreate = {3, TEXT("new"), 1, 0644, 0}), P9_RLCREATE);
    end_mount(h);
    for (unsigned i = 0; i < n; i++)
        await_call(&h->w, &c[i]);
}

static void test_hung__names_across_it(void **state)
{
    struct hung *h = *state;
    struct call c[8] = {0};
    unsigned n = 0;

    need_fuse(h);
    ask_for(h, WALK(0, 2, "file"), P9_RWALK);
    ask_in_vain(h, &c[n++], MSG(.type = P9_TRENAMEAT, .trenameat = {0, TEXT("m"), 0, TEXT("there")}));
    ask_in_vain(h, &c[n++], MSG(.type = P9_TUNLINKAT, .tunlinkat = {0, TEXT("m"), 0x200}));
    ask_in_vain(h, &c[n++], MSG(.type = P9_TLCREATE, .tlcreate = {0, TEXT("m"), 0, 0644, 0}));
    ask_in_vain(h, &c[n++], MSG(.type = P9_TOPEN, .tmake = {0, 7, 8, TEXT("m"), 0, 0, 0}));
    ask_for(h, GETATTR(2), P9_RGETATTR);
    end_mount(h);
    for (unsigned i = 0; i < n; i++)
        await_call(&h->w, &c[i]);
}

static void assert_untouched(const struct call *c)
{
    assert_int_equal(c->r.reply_len, 0);
    for (size_t i = 0; i < sizeof(c->reply); i++)
        assert_int_equal(c->reply[i], 0x55);
}

/* Nobody has reset the session yet: neither what comes late nor what is quick is written into memory of others. */
static void test_hung__memory_that_was_taken_back_is_left_alone(void **state)
{
    struct hung *h = *state;
    struct call late, quick;

    need_fuse(h);
    prepare(&late, ++h->tag, LOOKUP(0, 9, "m"));
    memset(late.reply, 0x55, sizeof(late.reply));
    p9_session_submit(h->w.session, &late.r);
    atomic_store(&h->taken_back, true);
    prepare(&quick, ++h->tag, GETATTR(0));
    memset(quick.reply, 0x55, sizeof(quick.reply));
    p9_session_submit(h->w.session, &quick.r);
    await_call(&h->w, &quick);
    end_mount(h);
    await_call(&h->w, &late);
    assert_untouched(&quick);
    assert_untouched(&late);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_hung__it_is_listed),
        T(test_hung__what_it_is_asked_waits_alone),
        T(test_hung__names_across_it),
        T(test_hung__memory_that_was_taken_back_is_left_alone),
    };

    alarm(60); /* what hangs has failed */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
