/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P client against our own server: what each call does, and many threads at once. */
#include "tests/unit/p9_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/xattr.h>

#include "p9/client.h"
#include "p9/conn.h"
#include "core/base/auto.h"
#include "p9/path.h"

struct both {
    struct client *raw;   /* the server, and a client of its own that is not used */
    struct p9_stream *server;
    struct p9_client *c;
    uint32_t root;
};

static int connect_with(void **state, uint32_t msize)
{
    struct both *b = calloc(1, sizeof(*b));
    struct p9_client_config config = {.uid = 1000};
    struct err e = {0};

    b->raw = client_new((struct p9_localfs_config){.owners = {.uid = 1000, .gid = 1000}});
    b->raw->export.limits.msize = msize;
    b->c = p9_client_new(share_serve(b->raw, &b->server), &config, &e);
    assert_string_equal(e.msg, "");
    b->root = p9_client_root(b->c);
    *state = b;
    return 0;
}

static int connect_client(void **state)
{
    return connect_with(state, MSIZE);
}

/* As a distro exports its files: virtio's 512,000 bytes are no limit of a stream. */
static int connect_large(void **state)
{
    return connect_with(state, 1u << 20);
}

static int disconnect_client(void **state)
{
    struct both *b = *state;

    p9_client_free(b->c);
    p9_stream_stop(b->server);
    client_free(b->raw);
    free(b);
    return 0;
}

#define share(b, command) in_share((b)->raw, command)

static uint32_t make_file(struct both *b, const char *name)
{
    uint32_t fid;

    assert_int_equal(p9_client_create(b->c, b->root, name, P9_O_RDWR, 0644, 0, &fid), 0);
    return fid;
}

static void write_and_read(struct both *b)
{
    const size_t len = (3u << 20) + 12345;
    uint8_t *out = malloc(len), *in = calloc(1, len + 1);
    uint32_t fid = make_file(b, "f");

    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(i * 2654435761u >> 13);
    assert_int_equal(p9_client_write(b->c, fid, out, len, 5), len);
    assert_int_equal(p9_client_read(b->c, fid, in, len + 1, 5), len);
    assert_memory_equal(in, out, len);
    assert_int_equal(p9_client_read(b->c, fid, in, 10, len + 5), 0);
    p9_client_clunk(b->c, fid);
    free(out);
    free(in);
}

static void test_client__long_reads_and_writes_are_whole(void **state)
{
    write_and_read(*state);
}

static void test_client__messages_of_a_mebibyte(void **state)
{
    struct both *b = *state;
    struct p9_session_stats before, after;

    assert_int_equal(p9_client_io_max(b->c), (1u << 20) - 24);
    p9_stream_stats(b->server, &before);
    write_and_read(b);
    p9_stream_stats(b->server, &after);
    assert_in_range(after.requests - before.requests, 1, 16); /* 3 MB there and back, and not in pieces of 512,000 */
}

static void test_client__names_attributes_and_links(void **state)
{
    struct both *b = *state;
    char target[P9_CLIENT_TEXT];
    struct p9_attr attr;
    struct p9_statfs st;
    uint32_t fid, dir;

    p9_client_clunk(b->c, make_file(b, "f"));
    assert_int_equal(p9_client_mkdir(b->c, b->root, "d", 0755, 0), 0);
    assert_int_equal(p9_client_symlink(b->c, b->root, "s", "../any where", 0), 0);
    assert_int_equal(p9_client_lookup(b->c, b->root, "d", &dir, &attr), 0);
    assert_true(S_ISDIR(attr.mode));
    assert_int_equal(p9_client_rename(b->c, b->root, "f", dir, "g"), 0);
    assert_int_equal(p9_client_lookup(b->c, b->root, "f", &fid, &attr), -ENOENT);
    assert_int_equal(p9_client_lookup(b->c, dir, "g", &fid, &attr), 0);
    assert_int_equal(p9_client_link(b->c, b->root, "h", fid), 0);
    assert_int_equal(p9_client_setattr(b->c, &(struct p9_setattr){.fid = fid, .valid = P9_SET_MODE | P9_SET_SIZE,
                                                                 .mode = 0600, .size = 7}), 0);
    assert_int_equal(p9_client_getattr(b->c, fid, &attr), 0);
    assert_int_equal(attr.nlink, 2);
    assert_int_equal(attr.size, 7);
    assert_int_equal(attr.mode & 07777, 0600);
    assert_int_equal(p9_client_unlink(b->c, dir, "g", false), 0);
    assert_int_equal(p9_client_unlink(b->c, b->root, "d", false), -EISDIR);
    assert_int_equal(p9_client_unlink(b->c, b->root, "d", true), 0);
    assert_int_equal(p9_client_statfs(b->c, fid, &st), 0);
    p9_client_clunk(b->c, fid);
    assert_int_equal(p9_client_lookup(b->c, b->root, "s", &fid, &attr), 0);
    assert_int_equal(p9_client_readlink(b->c, fid, target), 0);
    assert_string_equal(target, "../any where");
}

/* More requests at once than there are tags: who waits for a tag must have sent what it has. */
static void *look_up_all(void *arg)
{
    struct both *b = arg;
    const char *name[P9_CLIENT_BATCH];
    uint32_t fid[P9_CLIENT_BATCH];
    struct p9_attr attr[P9_CLIENT_BATCH];
    int rc[P9_CLIENT_BATCH];
    intptr_t wrong = 0;

    for (unsigned i = 0; i < P9_CLIENT_BATCH; i++)
        name[i] = i == 7 ? "none" : i == 8 ? "not/one" : i % 2 ? "f" : "d";
    for (int round = 0; round < 10; round++) {
        p9_client_lookup_many(b->c, b->root, name, P9_CLIENT_BATCH, fid, attr, rc);
        for (unsigned i = 0; i < P9_CLIENT_BATCH; i++) {
            int want = i == 7 ? -ENOENT : i == 8 ? -EINVAL : 0;

            wrong += rc[i] != want || (rc[i] == 0 && S_ISDIR(attr[i].mode) == (i % 2 == 1));
            if (rc[i] == 0)
                p9_client_clunk(b->c, fid[i]);
        }
    }
    return (void *)wrong;
}

static void test_client__many_threads_look_up_many_names(void **state)
{
    struct both *b = *state;
    pthread_t thread[16];
    void *wrong;

    p9_client_clunk(b->c, make_file(b, "f"));
    assert_int_equal(p9_client_mkdir(b->c, b->root, "d", 0755, 0), 0);
    assert_true(ARRAY_SIZE(thread) * P9_CLIENT_BATCH > P9_CONN_TAGS);
    for (size_t i = 0; i < ARRAY_SIZE(thread); i++)
        assert_int_equal(pthread_create(&thread[i], NULL, look_up_all, b), 0);
    for (size_t i = 0; i < ARRAY_SIZE(thread); i++) {
        pthread_join(thread[i], &wrong);
        assert_null(wrong);
    }
}

static void test_client__opens_a_second_fid(void **state)
{
    struct both *b = *state;
    uint32_t fid = make_file(b, "f"), open;
    char bytes[3];

    assert_int_equal(p9_client_write(b->c, fid, "abc", 3, 0), 3);
    assert_int_equal(p9_client_reopen(b->c, fid, 0, &open), 0);
    assert_int_equal(p9_client_read(b->c, open, bytes, 3, 0), 3);
    assert_int_equal(p9_client_write(b->c, open, "x", 1, 0), -EBADF);
    p9_client_clunk(b->c, open);
    assert_int_equal(p9_client_reopen(b->c, b->root, P9_O_WRONLY, &open), -EISDIR);
    p9_client_clunk(b->c, fid);
}

static void test_client__makes_a_file_and_knows_it(void **state)
{
    struct both *b = *state;
    struct p9_new_file new = {P9_O_CREAT | P9_O_EXCL | P9_O_WRONLY, 0600, 0};
    struct p9_attr attr, later;
    uint32_t open, fid;

    assert_int_equal(p9_client_make(b->c, b->root, "f", &new, &open, &fid, &attr), 0);
    assert_true(S_ISREG(attr.mode));
    assert_int_equal(p9_client_write(b->c, open, "abc", 3, 0), 3);
    assert_int_equal(p9_client_getattr(b->c, fid, &later), 0);
    assert_int_equal(later.size, 3);
    assert_memory_equal(&later.qid, &attr.qid, sizeof(attr.qid));
    p9_client_clunk(b->c, open);
    p9_client_clunk(b->c, fid);
    assert_int_equal(p9_client_make(b->c, b->root, "f", &new, &open, &fid, &attr), -EEXIST);
    assert_int_equal(p9_client_make(b->c, b->root, "a/b", &new, &open, &fid, &attr), -EINVAL);
}

/* What would never reach the server is refused here. */
static void test_client__names_that_are_none_are_not_sent(void **state)
{
    static const char *const bad[] = {"", ".", "..", "a/b", "/"};
    struct both *b = *state;
    char name[300];
    struct p9_attr attr;
    uint32_t fid;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(p9_client_lookup(b->c, b->root, bad[i], &fid, &attr), -EINVAL);
        assert_int_equal(p9_client_create(b->c, b->root, bad[i], P9_O_RDWR, 0644, 0, &fid), -EINVAL);
        assert_int_equal(p9_client_rename(b->c, b->root, "x", b->root, bad[i]), -EINVAL);
        assert_int_equal(p9_client_mkdir(b->c, b->root, bad[i], 0755, 0), -EINVAL);
        assert_int_equal(p9_client_unlink(b->c, b->root, bad[i], false), -EINVAL);
    }
    memset(name, 'x', sizeof(name));
    name[256] = '\0';
    assert_int_equal(p9_client_mkdir(b->c, b->root, name, 0755, 0), -ENAMETOOLONG);
    name[255] = '\0';
    assert_int_equal(p9_client_mkdir(b->c, b->root, name, 0755, 0), 0);
}

static void test_client__xattrs(void **state)
{
    struct both *b = *state;
    char value[64];
    uint32_t fid = make_file(b, "f");

    if (p9_client_xattr_set(b->c, fid, "user.a", "one", 3, 0) == -EOPNOTSUPP)
        skip();
    assert_int_equal(p9_client_xattr_set(b->c, fid, "user.a", "x", 1, XATTR_CREATE), -EEXIST);
    assert_int_equal(p9_client_xattr_set(b->c, fid, "user.empty", "", 0, 0), 0);
    assert_int_equal(p9_client_xattr_get(b->c, fid, "user.a", value, sizeof(value)), 3);
    assert_memory_equal(value, "one", 3);
    assert_int_equal(p9_client_xattr_get(b->c, fid, "user.a", value, 2), -ERANGE);
    assert_int_equal(p9_client_xattr_get(b->c, fid, "user.a", NULL, 0), 3);
    assert_int_equal(p9_client_xattr_get(b->c, fid, "", value, sizeof(value)), 18);
    assert_int_equal(p9_client_xattr_set(b->c, fid, "user.a", NULL, 0, 0), 0);
    assert_int_equal(p9_client_xattr_get(b->c, fid, "user.a", value, sizeof(value)), -ENODATA);
}

static void test_client__locks(void **state)
{
    struct both *b = *state;
    uint32_t fid = make_file(b, "f");
    struct p9_lock lock = {.fid = fid, .kind = P9_LOCK_WRITE, .start = 10, .length = 5, .proc_id = 1,
                           .client_id = NAME("x")}, other = lock;

    other.proc_id = 2;
    assert_int_equal(p9_client_lock(b->c, &lock), 0);
    assert_int_equal(p9_client_lock(b->c, &other), -EAGAIN);
    assert_int_equal(p9_client_getlock(b->c, &other), 0);
    assert_int_equal(other.kind, P9_LOCK_WRITE);
    assert_int_equal(other.start, 10);
    lock.kind = P9_LOCK_NONE;
    assert_int_equal(p9_client_lock(b->c, &lock), 0);
}

static void test_client__listing_of_many_is_complete(void **state)
{
    struct both *b = *state;
    struct p9_listing l = {0};
    struct p9_entry entry = {0};
    unsigned seen[3000] = {0}, n = 0;
    uint32_t dir;
    int rc;

    assert_int_equal(share(b, "mkdir d && cd d && touch $(seq 0 2999)"), 0);
    assert_int_equal(p9_path_find(b->c, "/d", true, &dir, &(struct p9_attr){0}), 0);
    assert_int_equal(p9_client_open(b->c, dir, P9_O_DIRECTORY), 0);
    while ((rc = p9_client_list(b->c, dir, entry.next, &l)) > 0)
        while (p9_listing_next(&l, &entry))
            if (!p9_is_dots(entry.name)) {
                seen[atoi(entry.name)]++;
                n++;
            }
    assert_int_equal(rc, 0);
    assert_int_equal(n, 3000);
    for (unsigned i = 0; i < 3000; i++)
        assert_int_equal(seen[i], 1);
    p9_listing_release(&l);
}

struct worker {
    struct both *b;
    unsigned number, failed;
};

/* More requests in flight than there are tags, each thread on a file of its own. */
static void *work(void *arg)
{
    struct worker *w = arg;
    char name[16], bytes[64], back[64];
    struct p9_attr attr;
    uint32_t fid, other;

    snprintf(name, sizeof(name), "w%u", w->number);
    w->failed += p9_client_create(w->b->c, w->b->root, name, P9_O_RDWR, 0644, 0, &fid) != 0;
    for (unsigned i = 0; i < 200 && !w->failed; i++) {
        snprintf(bytes, sizeof(bytes), "%u of thread %u", i, w->number);
        w->failed += p9_client_write(w->b->c, fid, bytes, sizeof(bytes), i * 64) != sizeof(bytes);
        w->failed += p9_client_read(w->b->c, fid, back, sizeof(back), i * 64) != sizeof(back);
        w->failed += memcmp(bytes, back, strlen(bytes)) != 0;
        w->failed += p9_client_lookup(w->b->c, w->b->root, name, &other, &attr) != 0;
        p9_client_clunk(w->b->c, other);
    }
    return NULL;
}

static void test_client__threads_get_their_own_answers(void **state)
{
    struct worker w[24];
    pthread_t thread[24];
    struct p9_session_stats st;
    struct both *b = *state;
    unsigned failed = 0;

    for (unsigned i = 0; i < 24; i++) {
        w[i] = (struct worker){b, i, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]), 0);
    }
    for (unsigned i = 0; i < 24; i++) {
        pthread_join(thread[i], NULL);
        failed += w[i].failed;
    }
    assert_int_equal(failed, 0);
    assert_null(p9_client_lost(b->c));
    assert_int_equal(p9_client_getattr(b->c, b->root, &(struct p9_attr){0}), 0);
    p9_stream_stats(b->server, &st);
    assert_in_range(st.fids, 25, 25 + 24); /* root and files; what was clunked last may be on its way */
}

static void test_path__links_are_followed_within_the_server(void **state)
{
    struct both *b = *state;
    char name[P9_NAME_SIZE];
    struct p9_attr attr;
    uint32_t fid;

    assert_int_equal(share(b, "mkdir -p a/b && echo 12345 > a/b/f && ln -s /a/b abs && ln -s ../../../../a/b/f a/up && "
                              "ln -s loop loop && ln -s ../../../../../../outside out"), 0);
    assert_int_equal(p9_path_find(b->c, "abs/../b/./f", true, &fid, &attr), 0);
    assert_int_equal(attr.size, 6);
    assert_int_equal(p9_path_find(b->c, "/a/up", true, &fid, &attr), 0);
    assert_int_equal(attr.size, 6);
    assert_int_equal(p9_path_find(b->c, "/a/up", false, &fid, &attr), 0);
    assert_true(S_ISLNK(attr.mode));
    assert_int_equal(p9_path_find(b->c, "/loop", true, &fid, &attr), -ELOOP);
    assert_int_equal(p9_path_find(b->c, "/out", true, &fid, &attr), -ENOENT);
    assert_int_equal(p9_path_find(b->c, "/a/b/f/x", true, &fid, &attr) < 0, 1);
    assert_int_equal(p9_path_parent(b->c, "abs/new/", &fid, name), 0);
    assert_string_equal(name, "new");
    assert_int_equal(p9_path_parent(b->c, "///", &fid, name), -EISDIR);
    assert_int_equal(p9_path_parent(b->c, "/a/..", &fid, name), -EISDIR);
}

static void test_client__a_server_that_goes_fails_everything_at_once(void **state)
{
    struct both *b = *state;
    uint32_t fid = make_file(b, "f");

    p9_stream_stop(b->server);
    b->server = NULL;
    assert_int_equal(p9_client_write(b->c, fid, "x", 1, 0), -ENOTCONN);
    assert_int_equal(p9_client_fsync(b->c, fid, false), -ENOTCONN);
    p9_client_clunk(b->c, fid);
    assert_non_null(p9_client_lost(b->c));
}

static void serve_again(struct both *b)
{
    struct err e = {0};

    assert_int_equal(p9_client_reconnect(b->c, share_serve(b->raw, &b->server), &e), 0);
}

/* As the socket tells it, without a request; names work again, what was open does not. */
static void test_client__a_new_connection_makes_the_root_good_again(void **state)
{
    struct both *b = *state;
    uint32_t fid = make_file(b, "f"), again;
    struct p9_attr attr;

    p9_stream_stop(b->server);
    b->server = NULL;
    assert_non_null(p9_client_lost(b->c));
    serve_again(b);
    assert_null(p9_client_lost(b->c));
    assert_false(p9_client_fid_is_good(b->c, fid));
    assert_true(p9_client_fid_is_good(b->c, b->root));
    assert_int_equal(p9_client_getattr(b->c, fid, &attr), -EBADF);
    p9_client_clunk(b->c, fid);
    assert_int_equal(p9_client_lookup(b->c, b->root, "f", &again, &attr), 0);
    assert_true(p9_client_fid_is_good(b->c, again));
    assert_int_not_equal(again, fid);
    assert_int_equal(p9_client_open(b->c, again, P9_O_WRONLY), 0);
    assert_int_equal(p9_client_write(b->c, again, "x", 1, 0), 1);
}

static void test_client__a_connection_that_is_none_changes_nothing(void **state)
{
    struct both *b = *state;
    struct err e = {0};
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    close(pair[1]);
    assert_true(p9_client_reconnect(b->c, pair[0], &e) < 0);
    assert_string_not_equal(e.msg, "");
    assert_null(p9_client_lost(b->c));
    p9_client_clunk(b->c, make_file(b, "f"));
}

#define test(f) cmocka_unit_test_setup_teardown(f, connect_client, disconnect_client)
int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_client__long_reads_and_writes_are_whole),
        cmocka_unit_test_setup_teardown(test_client__messages_of_a_mebibyte, connect_large, disconnect_client),
        test(test_client__names_attributes_and_links),
        test(test_client__names_that_are_none_are_not_sent),
        test(test_client__xattrs),
        test(test_client__locks),
        test(test_client__listing_of_many_is_complete),
        test(test_client__a_new_connection_makes_the_root_good_again),
        test(test_client__a_connection_that_is_none_changes_nothing),
        test(test_client__threads_get_their_own_answers),
        test(test_client__many_threads_look_up_many_names),
        test(test_client__opens_a_second_fid),
        test(test_client__makes_a_file_and_knows_it),
        test(test_path__links_are_followed_within_the_server),
        test(test_client__a_server_that_goes_fails_everything_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
