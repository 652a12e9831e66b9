/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hostile client gets: an error, and nothing from outside the share.
 */
#include "p9/server.h"

#include "tests/unit/p9_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "tests/unit/p9_samples.h"

static int open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static int descriptors_before;

static int set_up(void **state)
{
    descriptors_before = open_descriptors();
    return set_up_plain(state);
}

/* After every test: nothing outside has changed, and no descriptor is left. */
static int tear_down(void **state)
{
    struct client *c = *state;

    assert_int_equal(shell("test \"$(cat %s/outside)\" = secret", c->folder), 0);
    assert_int_equal(shell("test \"$(ls %s | xargs)\" = 'outside share'", c->folder), 0);
    client_free(c);
    assert_int_equal(open_descriptors(), descriptors_before);
    return 0;
}

/* --- Names --------------------------------------------------------------------------------------- */

static const struct p9_str bad_names[] = {
    NAME(""), NAME("."), NAME(".."), NAME("/"), NAME("../outside"), NAME("/etc/passwd"),
    NAME("a/b"), NAME("a/"), NAME("a\0b"), NAME("\0"), NAME("..\0"),
    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 256},
};

static void assert_refused(int rc)
{
    if (rc != -EINVAL && rc != -ENAMETOOLONG)
        fail_msg("a bad name got %d", rc);
}

static void refuse_everywhere(struct client *c, struct p9_str name)
{
    const struct p9_str good = NAME("good");

    assert_refused(RPC(c, .type = P9_TWALK, .twalk = {ROOT, 9, 1, {name}}));
    assert_refused(RPC(c, .type = P9_TLCREATE, .tlcreate = {2, name, P9_O_RDWR, 0644, 0}));
    assert_refused(RPC(c, .type = P9_TMKDIR, .tmkdir = {ROOT, name, 0755, 0}));
    assert_refused(RPC(c, .type = P9_TSYMLINK, .tsymlink = {ROOT, name, good, 0}));
    assert_refused(RPC(c, .type = P9_TMKNOD, .tmknod = {ROOT, name, S_IFREG | 0644, 0, 0, 0}));
    assert_refused(RPC(c, .type = P9_TLINK, .tlink = {ROOT, 1, name}));
    assert_refused(RPC(c, .type = P9_TRENAME, .trename = {1, ROOT, name}));
    assert_refused(RPC(c, .type = P9_TRENAMEAT, .trenameat = {ROOT, name, ROOT, good}));
    assert_refused(RPC(c, .type = P9_TRENAMEAT, .trenameat = {ROOT, NAME("f"), ROOT, name}));
    assert_refused(RPC(c, .type = P9_TUNLINKAT, .tunlinkat = {ROOT, name, 0}));
    assert_refused(RPC(c, .type = P9_TUNLINKAT, .tunlinkat = {ROOT, name, P9_UNLINK_DIR}));
}

static void test_hostile__no_message_takes_a_bad_name(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "touch f && mkdir a && touch a/b"), 0);
    assert_int_equal(c_walk(c, ROOT, 1, "f"), 0);
    assert_int_equal(c_walk(c, ROOT, 2, ""), 0);
    for (unsigned i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++)
        refuse_everywhere(c, bad_names[i]);
    assert_int_equal(in_share(c, "test \"$(find . | sort | xargs)\" = '. ./a ./a/b ./f'"), 0);
}

static void test_hostile__our_own_dialect_takes_no_bad_name(void **state)
{
    struct client *c = *state;

    assert_int_equal(RPC(c, .type = P9_TVERSION, .version = {MSIZE, NAME(P9_VERSION_OWN)}), 0);
    assert_int_equal(c_attach(c, ROOT, 0, ""), 0);
    for (unsigned i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
        if (bad_names[i].len > 0) /* none: the fid itself */
            assert_refused(RPC(c, .type = P9_TLOOKUP, .tlookup = {ROOT, 9, bad_names[i]}));
        assert_refused(RPC(c, .type = P9_TMAKE, .tmake = {ROOT, 8, 9, bad_names[i], P9_O_RDWR, 0644, 0}));
        assert_refused(RPC(c, .type = P9_TOPEN, .tmake = {ROOT, 8, 9, bad_names[i], 0, 0, 0}));
    }
    assert_int_equal(in_share(c, "test \"$(find .)\" = ."), 0);
}

static void test_hostile__no_link_is_followed(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "ln -s ../outside l && ln -s .. up && ln -s /proc/self/root root && "
                                 "ln -s ../new n"), 0);
    assert_int_equal(c_walk(c, ROOT, 1, "up/outside"), -ENOENT);
    assert_int_equal(c->reply.rwalk.n, 1);
    assert_int_equal(c_walk(c, ROOT, 1, "root/etc"), -ENOENT);
    assert_int_equal(c_open_path(c, 1, "l", P9_O_RDWR), -ELOOP);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 1, .valid = P9_SET_SIZE}), -EINVAL);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 1, .valid = P9_SET_MODE}), -EOPNOTSUPP);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 1, .valid = P9_SET_MTIME}), 0);
    assert_int_equal(c_walk(c, ROOT, 2, ""), 0);
    assert_int_equal(RPC(c, .type = P9_TLCREATE, .tlcreate = {2, NAME("n"), P9_O_RDWR, 0644, 0}), -ELOOP);
    assert_int_equal(RPC(c, .type = P9_TLCREATE, .tlcreate = {2, NAME("l"), P9_O_RDWR | P9_O_TRUNC,
                                                              0644, 0}), -ELOOP);
    assert_int_equal(c_walk(c, ROOT, 3, "up"), 0);
    assert_int_equal(c_mkdir(c, 3, "made", 0755), -ENOTDIR);
    assert_int_equal(RPC(c, .type = P9_TUNLINKAT, .tunlinkat = {3, NAME("outside"), 0}), -ENOTDIR);
    assert_int_equal(RPC(c, .type = P9_TRENAMEAT, .trenameat = {3, NAME("outside"), ROOT, NAME("x")}),
                     -ENOTDIR);
    assert_int_equal(RPC(c, .type = P9_TLCREATE, .tlcreate = {3, NAME("made"), P9_O_RDWR, 0644, 0}),
                     -ENOTDIR);
}

static void test_hostile__the_root_stays_where_it_is(void **state)
{
    struct client *c = *state;

    assert_int_equal(RPC(c, .type = P9_TRENAME, .trename = {ROOT, ROOT, NAME("x")}), -EBUSY);
    assert_int_equal(RPC(c, .type = P9_TREMOVE, .fid = ROOT), -EBUSY);
    assert_int_equal(c_attach(c, ROOT, 0, "../share"), -EXDEV);
    assert_int_equal(c_attach(c, ROOT, 0, "/"), 0);
}

struct swapper {
    int dir;
    atomic_bool stop;
};

/* A folder and a link to what is outside take turns under one name. */
static void *swap(void *arg)
{
    struct swapper *s = arg;

    while (!atomic_load(&s->stop))
        syscall(SYS_renameat2, s->dir, "d", s->dir, "l", 2 /* RENAME_EXCHANGE */);
    return NULL;
}

static void try_to_get_out(struct client *c)
{
    if (c_open_path(c, 1, "d/outside", 0) == 0) {
        assert_int_equal(c_read(c, 1, 0, 100), 6);
        assert_memory_equal(c->in + c->payload, "inside", 6);
    }
    c_clunk(c, 1);
    if (c_walk(c, ROOT, 1, "d") == 0) {
        RPC(c, .type = P9_TUNLINKAT, .tunlinkat = {1, NAME("victim"), 0});
        c_mkdir(c, 1, "made", 0755);
        RPC(c, .type = P9_TUNLINKAT, .tunlinkat = {1, NAME("made"), P9_UNLINK_DIR});
        RPC(c, .type = P9_TLCREATE, .tlcreate = {1, NAME("created"), P9_O_RDWR, 0644, 0});
    }
    c_clunk(c, 1);
    c_attach(c, 1, 0, "d");
    c_clunk(c, 1);
}

static void test_hostile__a_racing_link_leads_nowhere(void **state)
{
    struct client *c = *state;
    struct swapper s = {0};
    pthread_t thread;
    char *path = file_path("%s/share", c->folder);

    assert_int_equal(in_share(c, "mkdir d && printf inside > d/outside && ln -s .. l"), 0);
    assert_true((s.dir = open(path, O_PATH | O_DIRECTORY)) >= 0);
    assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
    for (int i = 0; i < 1000; i++)
        try_to_get_out(c);
    atomic_store(&s.stop, true);
    pthread_join(thread, NULL);
    close(s.dir);
    free(path);
}

/* --- Special files ------------------------------------------------------------------------------- */

static void test_hostile__special_files_are_never_opened(void **state)
{
    static const char *const names[] = {"fifo", "sock"};
    struct client *c = *state;

    assert_int_equal(RPC(c, .type = P9_TMKNOD, .tmknod = {ROOT, NAME("fifo"), S_IFIFO | 0666, 0, 0, 0}), 0);
    assert_int_equal(RPC(c, .type = P9_TMKNOD, .tmknod = {ROOT, NAME("sock"), S_IFSOCK | 0666, 0, 0, 0}), 0);
    assert_int_equal(RPC(c, .type = P9_TMKNOD, .tmknod = {ROOT, NAME("dev"), S_IFCHR | 0666, 1, 3, 0}), -EPERM);
    for (unsigned i = 0; i < 2; i++)
        for (uint32_t flags = 0; flags <= P9_O_RDWR; flags++) {
            assert_int_equal(c_open_path(c, 1, names[i], flags), -ENXIO);
            assert_int_equal(c_clunk(c, 1), 0);
            assert_int_equal(c_walk(c, ROOT, 1, ""), 0);
            assert_int_equal(RPC(c, .type = P9_TLCREATE,
                                 .tlcreate = {1, p9_str_of(names[i]), flags, 0644, 0}), -ENXIO);
            assert_int_equal(c_clunk(c, 1), 0);
        }
    if (in_share(c, "mknod null c 1 3 2>/dev/null") == 0)
        assert_int_equal(c_open_path(c, 1, "null", 0), -ENXIO);
}

/* A regular file by its type, of which a read waits until the kernel says something new. */
static void test_hostile__a_file_that_runs_dry_keeps_no_worker(void **state)
{
    struct client *c = *state;
    struct p9_fs *share = c->fs;
    struct err e = {0};
    int rc;

    if (shell("exec 2>/dev/null; timeout 1 dd if=/proc/kmsg of=/dev/null bs=8k iflag=nonblock") != 0 &&
        shell("exec 2>/dev/null; head -c 0 /proc/kmsg") != 0)
        skip(); /* not for this user */
    client_disconnect(c);
    c->export.fs = p9_localfs_new(&(struct p9_localfs_config){.root = "/proc"}, &e);
    assert_string_equal(e.msg, "");
    client_connect(c);
    assert_int_equal(c_version(c), 0);
    assert_int_equal(c_attach(c, ROOT, 0, ""), 0);
    assert_int_equal(c_open_path(c, 1, "kmsg", 0), 0);
    while ((rc = c_read(c, 1, 0, 8000)) > 0)
        ;
    assert_int_equal(rc, -EAGAIN);
    client_disconnect(c);
    p9_localfs_free(c->export.fs);
    c->export.fs = share;
    client_connect(c);
}

/* --- Fids ---------------------------------------------------------------------------------------- */

static void test_hostile__a_fid_in_use_is_not_given_again(void **state)
{
    struct client *c = *state;
    struct p9_attr before, after;

    assert_int_equal(in_share(c, "touch f g"), 0);
    assert_int_equal(c_open_path(c, 1, "f", P9_O_RDWR), 0);
    assert_int_equal(c_getattr(c, 1, &before), 0);
    assert_int_equal(c_walk(c, ROOT, 1, "g"), -EINVAL);
    assert_int_equal(c_attach(c, 1, 0, ""), -EINVAL);
    assert_int_equal(RPC(c, .type = P9_TXATTRWALK, .txattrwalk = {ROOT, 1, NAME("")}), -EINVAL);
    assert_int_equal(c_walk(c, ROOT, P9_NOFID, "g"), -EINVAL);
    assert_int_equal(c_open(c, 1, 0), -EINVAL);
    assert_int_equal(RPC(c, .type = P9_TLCREATE, .tlcreate = {1, NAME("h"), 0, 0644, 0}), -EINVAL);
    assert_int_equal(c_walk(c, 1, 1, ""), 0);
    assert_int_equal(c_getattr(c, 1, &after), 0);
    assert_int_equal(before.qid.path, after.qid.path);
    assert_int_equal(c_clunk(c, 1), 0);
    assert_int_equal(c_clunk(c, 1), -EBADF);
    assert_int_equal(c_read(c, 1, 0, 1), -EBADF);
}

/* Walks are sent a hundred at a time; counts those that went well. */
static unsigned clone_many(struct client *c, uint32_t first, unsigned n)
{
    unsigned good = 0;

    for (unsigned done = 0; done < n; done += 100) {
        for (unsigned i = 0; i < 100; i++)
            send_request(c, &(struct p9_msg){.type = P9_TWALK, .tag = (uint16_t)i,
                                             .twalk = {ROOT, first + done + i}}, NULL, 0);
        for (unsigned i = 0; i < 100; i++) {
            assert_true(receive_reply(c));
            good += c->reply.type == P9_RWALK;
            assert_true(c->reply.type == P9_RWALK || c->reply.rlerror.ecode == EMFILE);
        }
    }
    return good;
}

static void test_hostile__fids_have_an_end(void **state)
{
    struct client *c = *state;
    struct p9_attr a;

    client_disconnect(c);
    c->export.limits.fids = 65535;
    client_connect(c);
    assert_int_equal(c_version(c), 0);
    assert_int_equal(c_attach(c, ROOT, 0, ""), 0);
    assert_int_equal(clone_many(c, 1, 65600), 65534);
    assert_int_equal(c_getattr(c, 65000, &a), 0); /* which of the last ones it were, its workers decide */
    assert_int_equal(c_version(c), 0);
    assert_int_equal(c_attach(c, ROOT, 0, ""), 0);
}

static void test_hostile__descriptors_have_an_end(void **state)
{
    struct client *c = *state;
    struct p9_localfs_config few = {.fds_max = 30};
    int walked = 0, opened = 0;

    client_disconnect(c);
    p9_localfs_free(c->fs);
    few.root = c->folder;
    assert_non_null(c->export.fs = c->fs = p9_localfs_new(&few, NULL));
    c->export.limits.files = 10;
    client_connect(c);
    assert_int_equal(c_version(c), 0);
    assert_int_equal(c_attach(c, ROOT, 0, "share"), 0);
    assert_int_equal(in_share(c, "touch f"), 0);
    for (uint32_t fid = 1; fid < 50; fid++)
        walked += c_walk(c, ROOT, fid, "f") == 0;
    assert_int_equal(c->reply.rlerror.ecode, EMFILE);
    assert_int_equal(walked, 29);
    assert_int_equal(c_open(c, 1, 0), -EMFILE);
    for (uint32_t fid = 16; fid < 30; fid++)
        assert_int_equal(c_clunk(c, fid), 0);
    for (uint32_t fid = 1; fid < 16; fid++)
        opened += c_open(c, fid, 0) == 0;
    assert_int_equal(opened, 10);
    for (uint32_t fid = 1; fid < 16; fid++)
        assert_int_equal(c_clunk(c, fid), 0);
    assert_int_equal(c_open_path(c, 1, "f", 0), 0);
}

/* --- Every message on every kind of fid ---------------------------------------------------------- */

enum { ON_FILE = 1, ON_DIR, XATTR_READ, XATTR_WRITE, PLAIN, NO_FID = 77 };

/* New files each time: the last message may have done anything to the old ones. */
static void make_fids(struct client *c, unsigned round)
{
    char f[16], d[16];

    snprintf(f, sizeof(f), "f%u", round);
    snprintf(d, sizeof(d), "d%u", round);
    assert_int_equal(RPC(c, .type = P9_TVERSION, .version = {MSIZE, NAME(P9_VERSION_OWN)}), 0);
    assert_int_equal(c_attach(c, ROOT, 0, ""), 0);
    assert_int_equal(c_create(c, ROOT, ON_FILE, f, P9_O_RDWR, 0644), 0);
    assert_int_equal(c_write(c, ON_FILE, 0, "data", 4), 4);
    assert_int_equal(c_mkdir(c, ROOT, d, 0755), 0);
    assert_int_equal(c_open_path(c, ON_DIR, d, 0), 0);
    assert_int_equal(RPC(c, .type = P9_TXATTRWALK, .txattrwalk = {ROOT, XATTR_READ, NAME("")}), 0);
    assert_int_equal(c_walk(c, ROOT, XATTR_WRITE, f), 0);
    assert_int_equal(RPC(c, .type = P9_TXATTRCREATE,
                         .txattrcreate = {XATTR_WRITE, NAME("user.x"), 10, 0}), 0);
    assert_int_equal(c_walk(c, ROOT, PLAIN, f), 0);
}

static void send_sample(struct client *c, unsigned i, uint32_t fid)
{
    struct p9_msg m = samples[i].msg;

    m.fid = fid;
    if (m.type == P9_TWALK)
        m.twalk.n = 1;
    if (m.type == P9_TWRITE)
        rpc_data(c, &m, "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd", m.io.count);
    else
        rpc(c, m);
}

static void test_hostile__every_message_on_every_kind_of_fid(void **state)
{
    static const uint32_t fids[] = {ON_FILE, ON_DIR, XATTR_READ, XATTR_WRITE, PLAIN, NO_FID};
    struct client *c = *state;

    for (unsigned i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        uint8_t type = samples[i].msg.type;

        if (type & 1 || type == P9_TVERSION || type == P9_TFLUSH)
            continue;
        for (unsigned k = 0; k < sizeof(fids) / sizeof(fids[0]); k++) {
            make_fids(c, i * 100 + k);
            send_sample(c, i, fids[k]);
            if (fids[k] == NO_FID && type != P9_TATTACH && type != P9_TAUTH)
                assert_int_equal(c->reply.rlerror.ecode, EBADF);
        }
    }
    assert_int_equal(in_share(c, "chmod -R u+rwX ."), 0); /* or it could not be removed */
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_hostile__no_message_takes_a_bad_name),
        T(test_hostile__our_own_dialect_takes_no_bad_name),
        T(test_hostile__no_link_is_followed),
        T(test_hostile__the_root_stays_where_it_is),
        T(test_hostile__a_racing_link_leads_nowhere),
        T(test_hostile__special_files_are_never_opened),
        T(test_hostile__a_file_that_runs_dry_keeps_no_worker),
        T(test_hostile__a_fid_in_use_is_not_given_again),
        T(test_hostile__fids_have_an_end),
        T(test_hostile__descriptors_have_an_end),
        T(test_hostile__every_message_on_every_kind_of_fid),
    };

    alarm(120); /* what hangs has failed */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
