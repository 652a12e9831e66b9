/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a well-behaved client gets: files, folders and names of a host folder.
 */
#include "p9/server.h"

#include "tests/unit/p9_fixture.h"

static void test_version__agrees_on_the_smaller_msize(void **state)
{
    struct client *c = *state;

    assert_int_equal(RPC(c, .type = P9_TVERSION, .version = {8192, NAME("9P2000.L.more")}), 0);
    assert_int_equal(c->reply.version.msize, 8192);
    assert_int_equal(c->reply.version.version.len, strlen(P9_VERSION));
    assert_int_equal(RPC(c, .type = P9_TVERSION, .version = {1 << 30, NAME(P9_VERSION)}), 0);
    assert_int_equal(c->reply.version.msize, MSIZE);
    assert_int_equal(RPC(c, .type = P9_TVERSION, .version = {100, NAME(P9_VERSION)}), -EINVAL);
    assert_int_equal(RPC(c, .type = P9_TVERSION, .version = {8192, NAME("9P2000.u")}), 0);
    assert_memory_equal(c->reply.version.version.s, "unknown", 7);
    assert_int_equal(c_attach(c, ROOT, 0, ""), -EPROTO);
}

static void test_version__drops_all_fids(void **state)
{
    struct client *c = *state;
    struct p9_attr a;

    assert_int_equal(c_version(c), 0);
    assert_int_equal(c_getattr(c, ROOT, &a), -EBADF);
    assert_int_equal(c_attach(c, ROOT, 0, ""), 0);
}

/* Not one of its messages is taken from a client that did not ask for the dialect. */
static void test_own__is_for_who_asks(void **state)
{
    struct client *c = *state;

    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {ROOT, 1, NAME("")}), -EOPNOTSUPP);
    assert_int_equal(RPC(c, .type = P9_TREOPEN, .treopen = {ROOT, 1, 0}), -EOPNOTSUPP);
    assert_int_equal(RPC(c, .type = P9_TMAKE, .tmake = {ROOT, 1, 2, NAME("f"), 0, 0644, 0}), -EOPNOTSUPP);
    assert_int_equal(RPC(c, .type = P9_TLIST, .io = {ROOT, 0, 1000}), -EOPNOTSUPP);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {ROOT, 1, 2, NAME("f"), 0, 0, 0}), -EOPNOTSUPP);
    assert_int_equal(RPC(c, .type = P9_TVERSION, .version = {MSIZE, NAME("9P2000.L.lxtop")}), 0); /* an older one */
    assert_int_equal(c->reply.version.version.len, strlen(P9_VERSION));
    assert_int_equal(RPC(c, .type = P9_TVERSION, .version = {MSIZE, NAME(P9_VERSION_OWN)}), 0);
    assert_int_equal(c->reply.version.version.len, strlen(P9_VERSION_OWN));
    assert_int_equal(c_attach(c, ROOT, 0, ""), 0);
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {ROOT, 1, NAME("")}), 0);
    assert_int_equal(c_version(c), 0);
    assert_int_equal(c_attach(c, ROOT, 0, ""), 0);
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {ROOT, 1, NAME("")}), -EOPNOTSUPP);
}

static void speak_own(struct client *c)
{
    assert_int_equal(RPC(c, .type = P9_TVERSION, .version = {MSIZE, NAME(P9_VERSION_OWN)}), 0);
    assert_int_equal(c_attach(c, ROOT, 0, ""), 0);
}

static void test_lookup__is_a_walk_and_its_attributes(void **state)
{
    struct client *c = *state;
    struct p9_attr found, walked;

    assert_int_equal(in_share(c, "mkdir d && printf abc > d/f && ln -s f d/link && ln -s .. d/up"), 0);
    speak_own(c);
    assert_int_equal(c_walk(c, ROOT, 1, "d"), 0);
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {1, 2, NAME("f")}), 0);
    found = c->reply.rgetattr;
    assert_int_equal(found.size, 3);
    assert_int_equal(c_getattr(c, 2, &walked), 0);
    assert_memory_equal(&found.qid, &walked.qid, sizeof(found.qid));
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {1, 3, NAME("link")}), 0);
    assert_int_equal(c->reply.rgetattr.mode & S_IFMT, S_IFLNK);
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {2, 4, NAME("")}), 0); /* the fid itself */
    assert_memory_equal(&c->reply.rgetattr.qid, &walked.qid, sizeof(walked.qid));
    assert_int_equal(c_clunk(c, 4), 0);
}

/* The fid that was to be is none: its clunk says so. */
static void test_lookup__that_fails_makes_no_fid(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "mkdir d && touch f"), 0);
    speak_own(c);
    assert_int_equal(c_walk(c, ROOT, 1, "f"), 0);
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {ROOT, 2, NAME("none")}), -ENOENT);
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {ROOT, 2, NAME("..")}), -EINVAL);
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {ROOT, 2, NAME("d/..")}), -EINVAL);
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {1, 2, NAME("x")}), -ENOTDIR);
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {9, 2, NAME("d")}), -EBADF);
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {ROOT, ROOT, NAME("d")}), -EINVAL);
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {ROOT, 1, NAME("d")}), -EINVAL); /* in use */
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {ROOT, P9_NOFID, NAME("d")}), -EINVAL);
    assert_int_equal(c_clunk(c, 2), -EBADF);
}

static void test_reopen__opens_a_second_fid(void **state)
{
    struct client *c = *state;
    struct p9_attr a;

    assert_int_equal(in_share(c, "printf abc > f && mkfifo pipe"), 0);
    speak_own(c);
    assert_int_equal(c_walk(c, ROOT, 1, "f"), 0);
    assert_int_equal(RPC(c, .type = P9_TREOPEN, .treopen = {1, 2, P9_O_WRONLY}), 0);
    assert_int_equal(c_getattr(c, 1, &a), 0);
    assert_int_equal(c->reply.rgetattr.size, 3);
    assert_int_equal(RPC(c, .type = P9_TLOPEN, .tlopen = {2, 0}), -EINVAL); /* it is open */
    assert_int_equal(RPC(c, .type = P9_TREOPEN, .treopen = {2, 3, P9_O_RDWR | P9_O_TRUNC}), 0);
    assert_int_equal(c_getattr(c, 3, &a), 0);
    assert_int_equal(a.size, 0);
    assert_int_equal(RPC(c, .type = P9_TREOPEN, .treopen = {1, 1, 0}), -EINVAL);
    assert_int_equal(RPC(c, .type = P9_TREOPEN, .treopen = {1, 2, 0}), -EINVAL);
    assert_int_equal(c_walk(c, ROOT, 5, "pipe"), 0);
    assert_int_equal(RPC(c, .type = P9_TREOPEN, .treopen = {5, 6, 0}), -ENXIO);
    assert_int_equal(c_clunk(c, 6), -EBADF);
}

static void test_make__gives_the_open_file_and_one_that_is_not(void **state)
{
    struct client *c = *state;
    struct p9_attr a;

    speak_own(c);
    assert_int_equal(RPC(c, .type = P9_TMAKE, .tmake = {ROOT, 1, 2, NAME("f"), P9_O_WRONLY, 0640, 0}), 0);
    a = c->reply.rgetattr;
    assert_int_equal(a.mode & 07777, 0640);
    assert_int_equal(c_write(c, 2, 0, "abc", 3), 3);
    assert_int_equal(c_write(c, 1, 0, "abc", 3), -EBADF); /* not open */
    assert_int_equal(c_clunk(c, 2), 0);
    assert_int_equal(c_getattr(c, 1, &a), 0);
    assert_int_equal(a.size, 3);
    assert_int_equal(RPC(c, .type = P9_TMAKE, .tmake = {ROOT, 3, 4, NAME("f"), P9_O_EXCL, 0640, 0}), -EEXIST);
    assert_int_equal(RPC(c, .type = P9_TMAKE, .tmake = {1, 3, 4, NAME("x"), 0, 0640, 0}), -ENOTDIR);
    assert_int_equal(RPC(c, .type = P9_TMAKE, .tmake = {ROOT, 3, 4, NAME("../x"), 0, 0640, 0}), -EINVAL);
    assert_int_equal(RPC(c, .type = P9_TMAKE, .tmake = {ROOT, 3, 3, NAME("x"), 0, 0640, 0}), -EINVAL);
    assert_int_equal(RPC(c, .type = P9_TMAKE, .tmake = {ROOT, 3, 1, NAME("x"), 0, 0640, 0}), -EINVAL);
    assert_int_equal(RPC(c, .type = P9_TMAKE, .tmake = {ROOT, 1, 3, NAME("x"), 0, 0640, 0}), -EINVAL);
    assert_int_equal(c_clunk(c, 3), -EBADF);
    assert_int_equal(c_clunk(c, 4), -EBADF);
    assert_int_equal(in_share(c, "test ! -e x && test ! -e ../x"), 0);
}

/* What a Tlookup of each name says, or nothing. */
static void assert_listed_as_looked_up(struct client *c, const struct p9_dirent *d)
{
    struct p9_attr told = d->attr;
    struct p9_msg a = {.type = P9_RGETATTR}, b = a;
    uint8_t as_told[200], as_found[200];

    assert_true(p9_qid_is(&d->qid, &told.qid));
    assert_int_equal(RPC(c, .type = P9_TLOOKUP, .tlookup = {ROOT, 9, d->name}), 0);
    a.rgetattr = told;
    b.rgetattr = c->reply.rgetattr;
    assert_int_equal(p9_msg_encode(&a, as_told, sizeof(as_told)), p9_msg_encode(&b, as_found, sizeof(as_found)));
    assert_memory_equal(as_told, as_found, P9_HEADER + P9_ATTR_SIZE);
    assert_int_equal(c_clunk(c, 9), 0);
}

static void test_list__says_of_each_name_what_a_lookup_does(void **state)
{
    struct client *c = *state;
    uint8_t listing[4096];
    struct p9_dirent d;
    unsigned told = 0, dots = 0;
    size_t len, n;

    assert_int_equal(in_share(c, "mkdir d && printf abc > f && ln -s f link && mkfifo pipe && touch -d @77 old"), 0);
    speak_own(c);
    assert_int_equal(RPC(c, .type = P9_TREOPEN, .treopen = {ROOT, 1, P9_O_DIRECTORY}), 0);
    assert_int_equal(RPC(c, .type = P9_TLIST, .io = {1, 0, sizeof(listing)}), 0);
    len = c->reply.rio.count;
    memcpy(listing, c->in + c->payload, len);
    for (size_t at = 0; at < len; at += n) {
        assert_true((n = p9_dirent_decode(&d, true, listing + at, len - at)) > 0);
        if (d.attr.valid)
            assert_listed_as_looked_up(c, &d);
        told += d.attr.valid != 0;
        dots += d.attr.valid == 0 && d.name.s[0] == '.';
    }
    assert_int_equal(told, 5);
    assert_int_equal(dots, 2);
    assert_int_equal(RPC(c, .type = P9_TLIST, .io = {1, d.next, sizeof(listing)}), 0);
    assert_int_equal(c->reply.rio.count, 0);
    assert_int_equal(RPC(c, .type = P9_TLIST, .io = {1, 0, 100}), -EINVAL); /* no room for one */
    assert_int_equal(RPC(c, .type = P9_TLIST, .io = {ROOT, 0, 4096}), -EBADF); /* not open */
}

static void test_open__is_a_lookup_and_a_second_fid(void **state)
{
    struct client *c = *state;
    struct p9_attr a;

    assert_int_equal(in_share(c, "mkdir d && printf abc > f && mkfifo pipe && ln -s f link"), 0);
    speak_own(c);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {ROOT, 1, 2, NAME("f"), P9_O_RDWR, 0, 0}), 0);
    assert_int_equal(c->reply.rgetattr.size, 3);
    assert_int_equal(c_write(c, 2, 3, "d", 1), 1);
    assert_int_equal(c_write(c, 1, 0, "d", 1), -EBADF); /* not open */
    assert_int_equal(c_getattr(c, 1, &a), 0);
    assert_int_equal(a.size, 4);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {ROOT, 3, 4, NAME("d"), P9_O_DIRECTORY, 0, 0}), 0);
    assert_true(c_readdir(c, 4, 0, 1000) > 0);
}

static void test_open__that_fails_makes_no_fid(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "mkdir d && printf abc > f && mkfifo pipe && ln -s f link"), 0);
    speak_own(c);
    assert_int_equal(c_walk(c, ROOT, 1, "f"), 0);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {ROOT, 5, 6, NAME("pipe"), 0, 0, 0}), -ENXIO);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {ROOT, 5, 6, NAME("link"), 0, 0, 0}), -ELOOP);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {ROOT, 5, 6, NAME("none"), 0, 0, 0}), -ENOENT);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {ROOT, 5, 6, NAME("d"), P9_O_RDWR, 0, 0}), -EISDIR);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {1, 5, 6, NAME("x"), 0, 0, 0}), -ENOTDIR);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {ROOT, 5, 5, NAME("f"), 0, 0, 0}), -EINVAL);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {ROOT, 5, 1, NAME("f"), 0, 0, 0}), -EINVAL); /* in use */
    assert_int_equal(c_clunk(c, 5), -EBADF);
    assert_int_equal(c_clunk(c, 6), -EBADF);
}

static void test_attach__to_a_folder_beneath(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "mkdir -p a/b && touch a/b/f && ln -s a link"), 0);
    assert_int_equal(c_attach(c, 1, 0, "/a/b"), 0);
    assert_int_equal(c_walk(c, 1, 2, "f"), 0);
    assert_int_equal(c_attach(c, 3, 0, "a/../.."), -EXDEV);
    assert_int_equal(c_attach(c, 3, 0, "link"), -ENOTDIR);
    assert_int_equal(c_attach(c, 3, 0, "link/b"), -ELOOP);
    assert_int_equal(c_attach(c, 3, 0, "a/b/f"), -ENOTDIR);
    assert_int_equal(c_attach(c, 1, 0, ""), -EINVAL);
}

static void test_walk__stops_where_a_name_is_missing(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "mkdir -p a/b"), 0);
    assert_int_equal(c_walk(c, ROOT, 1, "a/b/none/more"), -ENOENT);
    assert_int_equal(c->reply.type, P9_RWALK);
    assert_int_equal(c->reply.rwalk.n, 2);
    assert_int_equal(c_clunk(c, 1), -EBADF);
    assert_int_equal(c_walk(c, ROOT, 1, "none"), -ENOENT);
    assert_int_equal(c->reply.type, P9_RLERROR);
    assert_int_equal(c_walk(c, ROOT, 1, "a"), 0);
    assert_int_equal(c_walk(c, 1, 1, "b"), 0);
    assert_int_equal(c_walk(c, 1, 1, "b"), -ENOENT);
}

static void test_file__write_then_read(void **state)
{
    struct client *c = *state;

    assert_int_equal(c_create(c, ROOT, 1, "f", P9_O_RDWR, 0640), 0);
    assert_int_equal(c_write(c, 1, 0, "hello", 5), 5);
    assert_int_equal(c_write(c, 1, 1u << 31, "far", 3), 3);
    assert_int_equal(c_read(c, 1, 1, 4), 4);
    assert_memory_equal(c->in + c->payload, "ello", 4);
    assert_int_equal(c_read(c, 1, (1u << 31) + 1, 100), 2);
    assert_int_equal(c_read(c, 1, 1ull << 40, 100), 0);
    assert_int_equal(RPC(c, .type = P9_TFSYNC, .tfsync = {1, 1}), 0);
    assert_int_equal(c_clunk(c, 1), 0);
    assert_int_equal(in_share(c, "test \"$(head -c5 f)\" = hello && test $(stat -c %%a f) = 640"), 0);
}

static void test_file__created_read_only_is_still_written(void **state)
{
    struct client *c = *state;

    assert_int_equal(c_create(c, ROOT, 1, "f", P9_O_RDWR, 0), 0);
    assert_int_equal(c_write(c, 1, 0, "hello", 5), 5);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 1, .valid = P9_SET_SIZE, .size = 2}), 0);
    assert_int_equal(c_read(c, 1, 0, 9), 2);
}

static void test_create__modes_are_the_clients(void **state)
{
    struct client *c = *state;
    mode_t old = umask(077);

    assert_int_equal(c_create(c, ROOT, 1, "f", P9_O_RDWR | P9_O_EXCL, 0666), 0);
    assert_int_equal(c_mkdir(c, ROOT, "d", 01777), 0);
    assert_int_equal(RPC(c, .type = P9_TMKNOD, .tmknod = {ROOT, NAME("p"), S_IFIFO | 0622, 0, 0, 0}), 0);
    umask(old);
    assert_int_equal(in_share(c, "test \"$(stat -c %%a f d p | xargs)\" = '666 1777 622'"), 0);
    assert_int_equal(c_create(c, ROOT, 2, "f", P9_O_RDWR | P9_O_EXCL, 0666), -EEXIST);
    assert_int_equal(RPC(c, .type = P9_TLCREATE, .tlcreate = {2, NAME("f"), P9_O_RDWR, 0, 0}), 0);
}

static void test_append__goes_to_the_end(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "printf abc > f"), 0);
    assert_int_equal(c_open_path(c, 1, "f", P9_O_WRONLY | P9_O_APPEND), 0);
    assert_int_equal(c_write(c, 1, 0, "d", 1), 1);
    assert_int_equal(in_share(c, "test \"$(cat f)\" = abcd"), 0);
}

static void assert_same_qid(const struct p9_qid *a, const struct p9_qid *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->path, b->path);
    assert_int_not_equal(a->version, 0);
}

static void test_qid__is_the_same_in_every_reply(void **state)
{
    struct client *c = *state;
    struct p9_qid qid;
    struct p9_attr a;

    assert_int_equal(c_create(c, ROOT, 1, "f", P9_O_RDWR, 0644), 0);
    qid = c->reply.ropen.qid;
    assert_int_equal(c_write(c, 1, 0, "x", 1), 1);
    assert_int_equal(c_getattr(c, 1, &a), 0);
    assert_same_qid(&a.qid, &qid);
    assert_int_equal(c_walk(c, ROOT, 2, "f"), 0);
    assert_same_qid(&c->reply.rwalk.qid[0], &qid);
    assert_int_equal(c_open(c, 2, 0), 0);
    assert_same_qid(&c->reply.ropen.qid, &qid);
    assert_int_equal(c_mkdir(c, ROOT, "d", 0755), 0);
    qid = c->reply.rqid.qid;
    assert_int_equal(qid.type, P9_QID_DIR);
    assert_int_equal(c_walk(c, ROOT, 3, "d"), 0);
    assert_same_qid(&c->reply.rwalk.qid[0], &qid);
}

static void assert_whole_pages(const struct client *c)
{
    uint32_t unit = c->reply.ropen.iounit;

    assert_int_equal(unit % 4096, 0);
    assert_in_range(unit, MSIZE - P9_WRITE_HEAD - 4095, MSIZE - P9_WRITE_HEAD);
}

static void test_iounit__is_of_whole_pages_however_it_was_opened(void **state)
{
    struct client *c = *state;

    assert_int_equal(c_create(c, ROOT, 1, "f", P9_O_RDWR, 0644), 0);
    assert_whole_pages(c);
    assert_int_equal(c_open_path(c, 2, "f", P9_O_RDWR), 0);
    assert_whole_pages(c);
}

/* ext4 gives the number of a file just removed to the next one made. */
static void test_qid__tells_a_recycled_inode_apart(void **state)
{
    struct client *c = *state;
    struct p9_qid before;

    for (int i = 0; i < 50; i++) {
        assert_int_equal(c_create(c, ROOT, 1, "f", P9_O_RDWR, 0644), 0);
        before = c->reply.ropen.qid;
        assert_int_equal(RPC(c, .type = P9_TREMOVE, .fid = 1), 0);
        assert_int_equal(c_create(c, ROOT, 1, "g", P9_O_RDWR, 0644), 0);
        assert_true(c->reply.ropen.qid.path != before.path ||
                    c->reply.ropen.qid.version != before.version);
        assert_int_equal(RPC(c, .type = P9_TREMOVE, .fid = 1), 0);
    }
}

/* Entries of a reply: counts those of regular files, and leaves the offset of the last in *next. */
static unsigned entries(struct client *c, uint64_t *next)
{
    const uint8_t *p = c->in + c->payload, *end = p + c->reply.rio.count;
    unsigned files = 0;

    while (p < end) {
        uint16_t len;

        memcpy(next, p + 13, 8);
        memcpy(&len, p + 22, 2);
        assert_true(p + 24 + len <= end);
        files += p[21] == 8;
        p += 24 + len;
    }
    return files;
}

static void test_readdir__gives_every_name_once_in_any_size_of_reply(void **state)
{
    static const uint32_t sizes[] = {40, 100, 1000, 60000};
    struct client *c = *state;

    assert_int_equal(in_share(c, "touch $(seq 1000 1499) && mkdir sub"), 0);
    assert_int_equal(c_walk(c, ROOT, 1, ""), 0);
    assert_int_equal(c_open(c, 1, P9_O_DIRECTORY), 0);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        unsigned files = 0;
        uint64_t next = 0;

        while (c_readdir(c, 1, next, sizes[i]) > 0)
            files += entries(c, &next);
        assert_int_equal(c->reply.type, P9_RREADDIR);
        assert_int_equal(files, 500);
    }
    assert_int_equal(c_readdir(c, 1, 0, 20), -EINVAL);
}

static void test_readdir__qids_are_those_of_walk(void **state)
{
    static const char *const names[] = {"f", "d", "l", "p"};
    struct client *c = *state;
    struct p9_attr a;
    char *ino;

    assert_int_equal(in_share(c, "touch f && mkdir d && ln -s f l && mkfifo p"), 0);
    assert_int_equal(c_walk(c, ROOT, 1, ""), 0);
    assert_int_equal(c_open(c, 1, 0), 0);
    for (unsigned i = 0; i < 4; i++) {
        struct p9_qid listed = c_listed(c, 1, names[i]);

        assert_int_equal(c_walk(c, ROOT, 2, names[i]), 0);
        assert_same_qid(&c->reply.rwalk.qid[0], &listed);
        assert_int_equal(c_getattr(c, 2, &a), 0);
        assert_same_qid(&a.qid, &listed);
        assert_int_equal(c_clunk(c, 2), 0);
    }
    ino = shell_line("stat -c %%i %s/share/p", c->folder);
    assert_int_equal(a.qid.path, strtoull(ino, NULL, 10));
    free(ino);
}

static void test_readdir__above_the_root_is_the_root(void **state)
{
    struct client *c = *state;
    uint64_t dot = 0, dotdot = 1;

    assert_int_equal(c_walk(c, ROOT, 1, ""), 0);
    assert_int_equal(c_open(c, 1, 0), 0);
    assert_int_equal(c_readdir(c, 1, 0, 1000), 2 * 24 + 3);
    for (const uint8_t *p = c->in + c->payload, *end = p + c->reply.rio.count; p < end;
         p += 24 + p[22])
        memcpy(p[22] == 1 ? &dot : &dotdot, p + 5, 8);
    assert_int_equal(dot, dotdot);
}

static void test_getattr__is_what_stat_says(void **state)
{
    struct client *c = *state;
    char *line, *path;
    char expected[64];
    struct p9_attr a;

    assert_int_equal(in_share(c, "head -c 5000 /dev/zero > f && chmod 4751 f && ln f g"), 0);
    path = file_path("%s/share/f", c->folder);
    line = shell_line("stat -c '%%f %%s %%h %%b %%Y' %s", path);
    assert_int_equal(c_walk(c, ROOT, 1, "f"), 0);
    assert_int_equal(c_getattr(c, 1, &a), 0);
    snprintf(expected, sizeof(expected), "%x %lu %lu %lu %lu", a.mode, a.size, a.nlink, a.blocks,
             a.mtime.sec);
    assert_string_equal(expected, line);
    assert_int_equal(a.valid & P9_GETATTR_BASIC, P9_GETATTR_BASIC);
    assert_int_equal(a.uid, 1000);
    free(line);
    free(path);
}

static void test_setattr__mode_size_and_times(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "printf 123456 > f"), 0);
    assert_int_equal(c_walk(c, ROOT, 1, "f"), 0);
    assert_int_equal(c_setattr(c, (struct p9_setattr){
        .fid = 1, .valid = P9_SET_MODE | P9_SET_SIZE | P9_SET_ATIME | P9_SET_ATIME_TO |
                           P9_SET_MTIME | P9_SET_MTIME_TO,
        .mode = 0604, .size = 3, .atime = {1000, 7}, .mtime = {2000, 9}}), 0);
    assert_int_equal(in_share(c, "test \"$(stat -c '%%a %%s %%X %%Y' f)\" = '604 3 1000 2000'"), 0);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 1, .valid = P9_SET_MTIME}), 0);
    assert_int_equal(in_share(c, "test $(stat -c %%Y f) -gt 2000 && test $(stat -c %%X f) = 1000"), 0);
    assert_int_equal(c_setattr(c, (struct p9_setattr){
        .fid = 1, .valid = P9_SET_MTIME | P9_SET_MTIME_TO, .mtime = {1, 1000000000}}), -EINVAL);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = ROOT, .valid = P9_SET_SIZE}), -EISDIR);
}

static void test_names__links_renames_and_removals(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "mkdir d e && echo 1 > d/f"), 0);
    assert_int_equal(c_walk(c, ROOT, 1, "d"), 0);
    assert_int_equal(c_walk(c, ROOT, 2, "d/f"), 0);
    assert_int_equal(RPC(c, .type = P9_TSYMLINK, .tsymlink = {1, NAME("s"), NAME("/etc/x"), 0}), 0);
    assert_int_equal(c->reply.rqid.qid.type, P9_QID_LINK);
    assert_int_equal(c_walk(c, 1, 3, "s"), 0);
    assert_int_equal(RPC(c, .type = P9_TREADLINK, .fid = 3), 0);
    assert_memory_equal(c->reply.rreadlink.target.s, "/etc/x", 6);
    assert_int_equal(RPC(c, .type = P9_TLINK, .tlink = {ROOT, 2, NAME("hard")}), 0);
    assert_int_equal(RPC(c, .type = P9_TLINK, .tlink = {ROOT, 3, NAME("hards")}), 0);
    assert_int_equal(in_share(c, "test $(stat -c %%h hard) = 2 && test $(readlink hards) = /etc/x"), 0);
    assert_int_equal(RPC(c, .type = P9_TRENAMEAT, .trenameat = {1, NAME("f"), ROOT, NAME("g")}), 0);
    assert_int_equal(in_share(c, "test -f g && test ! -e d/f"), 0);
    assert_int_equal(RPC(c, .type = P9_TRENAME, .trename = {3, ROOT, NAME("t")}), 0);
    assert_int_equal(RPC(c, .type = P9_TRENAME, .trename = {3, 1, NAME("u")}), 0);
    assert_int_equal(in_share(c, "test -L d/u && test ! -L t"), 0);
    assert_int_equal(RPC(c, .type = P9_TREMOVE, .fid = 3), 0);
    assert_int_equal(c_clunk(c, 3), -EBADF);
    assert_int_equal(RPC(c, .type = P9_TUNLINKAT, .tunlinkat = {ROOT, NAME("e"), 0}), -EISDIR);
    assert_int_equal(RPC(c, .type = P9_TUNLINKAT, .tunlinkat = {ROOT, NAME("e"), P9_UNLINK_DIR}), 0);
    assert_int_equal(in_share(c, "test \"$(ls d | wc -l)\" = 0 && test ! -e e"), 0);
}

/* A fid is the file, not its path: what path-based servers get wrong. */
static void test_fid__follows_the_file(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "mkdir -p a/b && echo old > a/b/f && echo new > a/b/g"), 0);
    assert_int_equal(c_open_path(c, 1, "a/b/f", P9_O_RDWR), 0);
    assert_int_equal(c_walk(c, ROOT, 2, "a/b"), 0);
    assert_int_equal(in_share(c, "mv a/b/g a/b/f && mv a z"), 0);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 1, .valid = P9_SET_SIZE, .size = 1}), 0);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 1, .valid = P9_SET_MODE, .mode = 0600}), 0);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 1, .valid = P9_SET_ATIME}), 0);
    assert_int_equal(c_read(c, 1, 0, 9), 1);
    assert_int_equal(in_share(c, "test \"$(cat z/b/f)\" = new"), 0);
    assert_int_equal(c_walk(c, 2, 3, "f"), 0);
    /* Opened again although it has no name any more, as open("/proc/self/fd/N") does. */
    assert_int_equal(c_walk(c, 1, 4, ""), 0);
    assert_int_equal(c_open(c, 4, 0), 0);
    assert_int_equal(c_read(c, 4, 0, 9), 1);
    /* The name where it was found is another file's now. */
    assert_int_equal(RPC(c, .type = P9_TREMOVE, .fid = 1), -ENOENT);
    assert_int_equal(in_share(c, "test -e z/b/f"), 0);
}

static void test_statfs__is_of_the_host(void **state)
{
    struct client *c = *state;
    char *line = shell_line("stat -f -c '%%b %%c %%l' %s", c->folder);
    char mine[64];

    assert_int_equal(RPC(c, .type = P9_TSTATFS, .fid = ROOT), 0);
    snprintf(mine, sizeof(mine), "%lu %lu %u", c->reply.rstatfs.blocks, c->reply.rstatfs.files,
             c->reply.rstatfs.namelen);
    assert_string_equal(mine, line);
    free(line);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up_plain, tear_down_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_version__agrees_on_the_smaller_msize),
        T(test_version__drops_all_fids),
        T(test_own__is_for_who_asks),
        T(test_lookup__is_a_walk_and_its_attributes),
        T(test_lookup__that_fails_makes_no_fid),
        T(test_reopen__opens_a_second_fid),
        T(test_make__gives_the_open_file_and_one_that_is_not),
        T(test_list__says_of_each_name_what_a_lookup_does),
        T(test_open__is_a_lookup_and_a_second_fid),
        T(test_open__that_fails_makes_no_fid),
        T(test_attach__to_a_folder_beneath),
        T(test_walk__stops_where_a_name_is_missing),
        T(test_file__write_then_read),
        T(test_file__created_read_only_is_still_written),
        T(test_create__modes_are_the_clients),
        T(test_append__goes_to_the_end),
        T(test_qid__is_the_same_in_every_reply),
        T(test_iounit__is_of_whole_pages_however_it_was_opened),
        T(test_qid__tells_a_recycled_inode_apart),
        T(test_readdir__gives_every_name_once_in_any_size_of_reply),
        T(test_readdir__qids_are_those_of_walk),
        T(test_readdir__above_the_root_is_the_root),
        T(test_getattr__is_what_stat_says),
        T(test_setattr__mode_size_and_times),
        T(test_names__links_renames_and_removals),
        T(test_fid__follows_the_file),
        T(test_statfs__is_of_the_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
