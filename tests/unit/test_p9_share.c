/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a share promises beside its files: owners, extended attributes, read-only, mounts.
 */
#include "p9/localfs.h"

#include "tests/unit/p9_fixture.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/xattr.h>

/* --- Extended attributes ------------------------------------------------------------------------- */

static int set_xattr(struct client *c, const char *file, const char *name, const char *value,
                     uint32_t size, uint32_t flags)
{
    int rc, put = 0;

    assert_int_equal(c_walk(c, ROOT, 50, file), 0);
    rc = RPC(c, .type = P9_TXATTRCREATE, .txattrcreate = {50, p9_str_of(name), size, flags});
    if (rc == 0 && value[0])
        put = c_write(c, 50, 0, value, (uint32_t)strlen(value));
    if (rc < 0 || put < 0) {
        c_clunk(c, 50);
        return rc < 0 ? rc : put;
    }
    return c_clunk(c, 50);
}

/* The value is at c->in + c->payload; returns its length. */
static int get_xattr(struct client *c, const char *file, const char *name)
{
    int rc;

    assert_int_equal(c_walk(c, ROOT, 50, file), 0);
    rc = RPC(c, .type = P9_TXATTRWALK, .txattrwalk = {50, 51, p9_str_of(name)});
    assert_int_equal(c_clunk(c, 50), 0);
    if (rc < 0)
        return rc;
    rc = c_read(c, 51, 0, 1000);
    assert_int_equal(c_read(c, 51, ~0ull, 1000), 0);
    assert_int_equal(c_write(c, 51, 0, "x", 1), -EINVAL);
    /* Again from the start, for the caller. */
    assert_int_equal(c_read(c, 51, 0, 1000), rc);
    return rc;
}

static void test_xattr__set_get_list_remove(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "touch f"), 0);
    assert_int_equal(set_xattr(c, "f", "user.a", "value", 5, 0), 0);
    assert_int_equal(get_xattr(c, "f", "user.a"), 5);
    assert_memory_equal(c->in + c->payload, "value", 5);
    assert_int_equal(c_clunk(c, 51), 0);
    assert_int_equal(get_xattr(c, "f", ""), 7);
    assert_memory_equal(c->in + c->payload, "user.a", 7);
    assert_int_equal(c_clunk(c, 51), 0);
    assert_int_equal(set_xattr(c, "f", "user.a", "x", 1, XATTR_CREATE), -EEXIST);
    /* Empty is not removed. */
    assert_int_equal(set_xattr(c, "f", "user.a", "", 0, 0), 0);
    assert_int_equal(get_xattr(c, "f", "user.a"), 0);
    assert_int_equal(c_clunk(c, 51), 0);
    assert_int_equal(set_xattr(c, "f", "user.a", "", 0, XATTR_REPLACE), 0);
    assert_int_equal(get_xattr(c, "f", "user.a"), -ENODATA);
}

static void expect_data_at(struct client *c, const char *name, const char *at)
{
    assert_int_equal(get_xattr(c, "sparse", name), strlen(at));
    assert_memory_equal(c->in + c->payload, at, strlen(at));
    assert_int_equal(c_clunk(c, 51), 0);
}

static void test_xattr__tells_where_data_is_next(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "truncate -s 10M sparse; mkdir d; printf x | dd of=sparse bs=1 seek=4M conv=notrunc status=none"), 0);
    expect_data_at(c, P9_DATA_XATTR "0", "4194304");
    expect_data_at(c, P9_DATA_XATTR "4194304", "4194304");
    expect_data_at(c, P9_DATA_XATTR "5000000", "10485760");
    expect_data_at(c, P9_DATA_XATTR "99999999", "10485760");
    assert_int_equal(get_xattr(c, "sparse", P9_DATA_XATTR), -EINVAL);
    assert_int_equal(get_xattr(c, "sparse", P9_DATA_XATTR "-1"), -EINVAL);
    assert_int_equal(get_xattr(c, "sparse", P9_DATA_XATTR "1x"), -EINVAL);
    assert_int_equal(get_xattr(c, "d", P9_DATA_XATTR "0"), -EOPNOTSUPP);
    assert_int_equal(set_xattr(c, "sparse", P9_DATA_XATTR "0", "1", 1, 0), -EOPNOTSUPP);
    assert_int_equal(get_xattr(c, "sparse", ""), 0);
    assert_int_equal(c_clunk(c, 51), 0);
}

static void test_xattr__is_bounded_and_whole(void **state)
{
    struct client *c = *state;
    uint32_t fid = 100;

    assert_int_equal(in_share(c, "touch f"), 0);
    assert_int_equal(set_xattr(c, "f", "user.a", "value", 6, 0), -EINVAL);
    assert_int_equal(set_xattr(c, "f", "user.a", "value", 4, 0), -EINVAL);
    assert_int_equal(set_xattr(c, "f", "user.a", "value", 65537, 0), -E2BIG);
    assert_int_equal(set_xattr(c, "f", "trusted.a", "value", 5, 0), -EOPNOTSUPP);
    assert_int_equal(set_xattr(c, "f", "user.lxtop.owner", "0 0", 3, 0), -EOPNOTSUPP);
    assert_int_equal(get_xattr(c, "f", "user.a"), -ENODATA);
    /* Values on their way are counted, all together. */
    do {
        assert_int_equal(c_walk(c, ROOT, ++fid, "f"), 0);
        assert_in_range(fid, 101, 300);
    } while (RPC(c, .type = P9_TXATTRCREATE, .txattrcreate = {fid, NAME("user.b"), 65536, 0}) == 0);
    assert_int_equal(c->reply.rlerror.ecode, ENOSPC);
    assert_int_equal(c_read(c, 101, 0, 100), -EINVAL);
    assert_int_equal(c_clunk(c, 101), -EINVAL);
    assert_int_equal(set_xattr(c, "f", "user.b", "v", 1, 0), 0);
}

/* Offsets that wrap with the count (CVE-2016-9104). */
static void test_xattr__offsets_beyond_all_bounds(void **state)
{
    static const uint64_t offsets[] = {5, 1ull << 31, 1ull << 63, ~0ull, ~0ull - 3};
    struct client *c = *state;

    assert_int_equal(in_share(c, "touch f"), 0);
    assert_int_equal(set_xattr(c, "f", "user.a", "12345", 5, 0), 0);
    assert_int_equal(RPC(c, .type = P9_TXATTRWALK, .txattrwalk = {ROOT, 1, NAME("")}), 0);
    assert_int_equal(c_walk(c, ROOT, 2, "f"), 0);
    assert_int_equal(RPC(c, .type = P9_TXATTRWALK, .txattrwalk = {2, 3, NAME("user.a")}), 0);
    assert_int_equal(RPC(c, .type = P9_TXATTRCREATE, .txattrcreate = {2, NAME("user.b"), 5, 0}), 0);
    for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        assert_int_equal(c_read(c, 3, offsets[i], ~0u), 0);
        assert_int_equal(c_write(c, 2, offsets[i], "data", 4), -EINVAL);
    }
    assert_int_equal(c_read(c, 3, 4, ~0u), 1);
}

static struct {
    const struct client *client;
    const struct p9_fs_ops *real;
    unsigned looks;
} growing;

/* A program of the host changes the value whenever its size was looked at. */
static ssize_t get_growing(struct p9_fs *fs, struct p9_node *node, const char *name, void *value, size_t cap)
{
    ssize_t size = growing.real->xattr_get(fs, node, name, value, cap);

    if (cap == 0 && growing.looks++ < 4)
        assert_int_equal(shell("setfattr -n user.a -v %s %s/share/f",
                               growing.looks % 2 ? "longer-than-before" : "short", growing.client->folder), 0);
    return size;
}

/* What is not as long as its size said is asked for anew (CVE-2017-15038). */
static void test_xattr__that_changes_while_it_is_read_is_whole(void **state)
{
    struct client *c = *state;
    struct p9_fs_ops ops = *c->fs->ops;

    assert_int_equal(in_share(c, "touch f"), 0);
    assert_int_equal(set_xattr(c, "f", "user.a", "12345678", 8, 0), 0);
    growing.client = c;
    growing.real = c->fs->ops;
    ops.xattr_get = get_growing;
    c->fs->ops = &ops;
    assert_int_equal(get_xattr(c, "f", "user.a"), 5);
    assert_memory_equal(c->in + c->payload, "short", 5);
    assert_int_equal(growing.looks, 5);
    assert_int_equal(c_clunk(c, 51), 0);
    c->fs->ops = growing.real;
}

/* --- Owners -------------------------------------------------------------------------------------- */

static int chown_to(struct client *c, const char *name, uint32_t uid, uint32_t gid)
{
    int rc;

    assert_int_equal(c_walk(c, ROOT, 60, name), 0);
    rc = c_setattr(c, (struct p9_setattr){.fid = 60, .valid = P9_SET_UID | P9_SET_GID,
                                          .uid = uid, .gid = gid});
    assert_int_equal(c_clunk(c, 60), 0);
    return rc;
}

static void assert_owner(struct client *c, const char *name, uint32_t uid, uint32_t gid)
{
    struct p9_attr a;

    assert_int_equal(c_walk(c, ROOT, 60, name), 0);
    assert_int_equal(c_getattr(c, 60, &a), 0);
    assert_int_equal(c_clunk(c, 60), 0);
    assert_int_equal(a.uid, uid);
    assert_int_equal(a.gid, gid);
}

static void test_owner__squash_shows_one_user(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "touch f && ln -s f l"), 0);
    assert_owner(c, "f", 1000, 1000);
    assert_owner(c, "l", 1000, 1000);
    assert_int_equal(chown_to(c, "f", 1000, 1000), 0);
    assert_int_equal(chown_to(c, "f", 0, 1000), -EPERM);
}

static int set_up_xattr(void **state)
{
    *state = client_new((struct p9_localfs_config){
        .owners = {.kind = P9_OWNER_XATTR, .uid = 1000, .gid = 1000}});
    return 0;
}

static void test_owner__xattr_keeps_the_guests(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "touch host && ln -s host l"), 0);
    assert_owner(c, "host", 1000, 1000);
    assert_int_equal(chown_to(c, "host", 33, 44), 0);
    assert_owner(c, "host", 33, 44);
    assert_int_equal(chown_to(c, "l", 33, 44), -EPERM);
    assert_int_equal(c_attach(c, 70, 7, ""), 0);
    assert_int_equal(c_mkdir(c, 70, "d", 0755), 0);
    assert_owner(c, "d", 7, 0);
    assert_int_equal(c_create(c, 70, 71, "readonly", P9_O_RDWR, 0444), 0);
    assert_owner(c, "readonly", 7, 0);
    assert_int_equal(in_share(c, "test $(stat -c %%a readonly) = 444"), 0);
    assert_int_equal(get_xattr(c, "host", ""), 0);
    assert_int_equal(c_clunk(c, 51), 0);
    assert_int_equal(get_xattr(c, "host", "user.lxtop.owner"), -EOPNOTSUPP);
}

static const struct p9_id_range ids[] = {{0, 5000, 1}, {100, 6000, 50}};

static int set_up_map(void **state)
{
    *state = client_new((struct p9_localfs_config){
        .owners = {.kind = P9_OWNER_MAP, .uids = ids, .uids_n = 2, .gids = ids, .gids_n = 2}});
    return 0;
}

static void test_owner__map_goes_both_ways(void **state)
{
    struct client *c = *state;

    if (geteuid() != 0)
        skip();
    assert_int_equal(in_share(c, "touch f && chown 6049:5000 f"), 0);
    assert_owner(c, "f", 149, 0);
    assert_int_equal(chown_to(c, "f", 0, 101), 0);
    assert_int_equal(in_share(c, "test $(stat -c %%u:%%g f) = 5000:6001"), 0);
    assert_int_equal(chown_to(c, "f", 1, 101), -EPERM);
    assert_int_equal(in_share(c, "chown 6050:1 f"), 0);
    assert_owner(c, "f", 65534, 65534);
}

/* Also where the server is root, which could write without that (CVE-2023-1386). */
static void test_owner__squash_drops_set_user_id_on_write(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "touch a b && chmod 6777 a b"), 0);
    assert_int_equal(c_open_path(c, 1, "a", P9_O_WRONLY), 0);
    assert_int_equal(c_write(c, 1, 0, "x", 1), 1);
    assert_int_equal(in_share(c, "test $(stat -c %%a a) = 777"), 0);
    assert_int_equal(c_walk(c, ROOT, 2, "b"), 0);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 2, .valid = P9_SET_SIZE, .size = 7}), 0);
    assert_int_equal(in_share(c, "test $(stat -c %%a b) = 777"), 0);
}

static bool users_group(void *ctx, uint32_t uid, uint32_t *gid, gid_t *group, size_t *n)
{
    *gid = 100;
    group[0] = *(gid_t *)ctx;
    *n = uid == 1000;
    return uid == 1000;
}

static gid_t user_is_in;

static int set_up_pass(void **state)
{
    user_is_in = 200;
    *state = client_new((struct p9_localfs_config){
        .owners = {.kind = P9_OWNER_PASS, .identify = users_group, .ctx = &user_is_in}});
    return 0;
}

static void test_owner__pass_acts_as_the_user(void **state)
{
    struct client *c = *state;

    if (geteuid() != 0)
        skip();
    assert_int_equal(shell("chmod 755 %s", c->folder), 0);
    assert_int_equal(in_share(c, "chmod 777 . && touch roots suid group && chmod 600 roots && "
                                 "chmod 6777 suid && chgrp 200 group && chmod 060 group"), 0);
    assert_int_equal(c_create(c, ROOT, 1, "mine", P9_O_RDWR, 0644), 0);
    assert_owner(c, "mine", 1000, 100);
    assert_int_equal(c_open_path(c, 2, "roots", 0), -EACCES);
    assert_int_equal(c_open_path(c, 3, "group", P9_O_RDWR), 0);
    assert_int_equal(chown_to(c, "mine", 0, 0), -EPERM);
    assert_int_equal(c_open_path(c, 4, "suid", P9_O_WRONLY), 0);
    assert_int_equal(c_write(c, 4, 0, "x", 1), 1);
    assert_int_equal(in_share(c, "test $(stat -c %%a suid) = 777"), 0);
    assert_int_equal(c_attach(c, 5, 0, ""), 0);
    assert_int_equal(c_walk(c, 5, 6, "roots"), 0);
    assert_int_equal(c_open(c, 6, P9_O_RDWR), 0);
    assert_int_equal(c_attach(c, 7, P9_NOUID, ""), 0);
    assert_int_equal(c_walk(c, 7, 8, "roots"), 0);
    assert_int_equal(c_open(c, 8, 0), -EACCES);
}

/* Also for a thread that is this user already. */
static void test_owner__pass_leaves_a_group_when_the_user_does(void **state)
{
    struct client *c = *state;

    if (geteuid() != 0)
        skip();
    assert_int_equal(shell("chmod 755 %s", c->folder), 0);
    assert_int_equal(in_share(c, "touch group && chgrp 200 group && chmod 060 group"), 0);
    assert_int_equal(c_open_path(c, 1, "group", P9_O_RDWR), 0);
    user_is_in = 201;
    assert_int_equal(c_open_path(c, 2, "group", P9_O_RDWR), -EACCES);
}

/* A folder that may be read and not searched tells its names, as on a disk. */
static void test_owner__pass_lists_a_folder_that_is_not_searched(void **state)
{
    struct client *c = *state;
    struct p9_qid f;
    char *ino;

    if (geteuid() != 0)
        skip();
    assert_int_equal(shell("chmod 755 %s", c->folder), 0);
    assert_int_equal(in_share(c, "mkdir d && touch d/f && mkdir d/sub && chmod 744 d"), 0);
    assert_int_equal(c_open_path(c, 1, "d", P9_O_DIRECTORY), 0);
    f = c_listed(c, 1, "f");
    ino = shell_line("stat -c %%i %s/share/d/f", c->folder);
    assert_int_equal(f.path, strtoull(ino, NULL, 10));
    assert_int_equal(f.type, P9_QID_FILE);
    assert_int_equal(c_listed(c, 1, "sub").type, P9_QID_DIR);
    assert_int_equal(c_walk(c, ROOT, 2, "d/f"), -ENOENT);
    free(ino);
}

static int set_up_trust(void **state)
{
    *state = client_new((struct p9_localfs_config){.owners = {.kind = P9_OWNER_TRUST}});
    return 0;
}

/* The client has checked what its user may do; what is made is the user's all the same. */
static void test_owner__trust_makes_files_as_the_user(void **state)
{
    struct client *c = *state;

    if (geteuid() != 0)
        skip();
    assert_int_equal(in_share(c, "touch roots suid && chmod 600 roots && chmod 6777 suid"), 0);
    assert_int_equal(c_walk(c, ROOT, 1, ""), 0);
    assert_int_equal(RPC(c, .type = P9_TLCREATE, .tlcreate = {1, NAME("mine"), P9_O_RDWR, 02755, 300}), 0);
    assert_owner(c, "mine", 1000, 300);
    assert_int_equal(in_share(c, "test $(stat -c %%a mine) = 2755"), 0);
    assert_int_equal(c_open_path(c, 2, "roots", P9_O_RDWR), 0);
    assert_int_equal(chown_to(c, "mine", 7, 8), 0);
    assert_int_equal(c_open_path(c, 3, "suid", P9_O_WRONLY), 0);
    assert_int_equal(c_write(c, 3, 0, "x", 1), 1);
    assert_int_equal(in_share(c, "test $(stat -c %%a suid) = 777"), 0);
}

/* --- Read-only ----------------------------------------------------------------------------------- */

static void make_read_only(struct client *c)
{
    client_disconnect(c);
    c->export.read_only = true;
    client_connect(c);
    assert_int_equal(RPC(c, .type = P9_TVERSION, .version = {MSIZE, NAME(P9_VERSION_OWN)}), 0);
    assert_int_equal(c_attach(c, ROOT, 1000, ""), 0);
}

static void test_read_only__nothing_changes(void **state)
{
    const struct p9_str n = NAME("new"), f = NAME("f");
    struct client *c = *state;

    assert_int_equal(in_share(c, "printf text > f && touch -d @1000 f . && cp -a . ../before"), 0);
    make_read_only(c);
    assert_int_equal(c_walk(c, ROOT, 1, "f"), 0);
    assert_int_equal(c_walk(c, ROOT, 2, ""), 0);
    for (uint32_t flags = 1; flags < 3; flags++)
        assert_int_equal(c_open(c, 1, flags), -EROFS);
    assert_int_equal(c_open(c, 1, P9_O_TRUNC), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TREOPEN, .treopen = {1, 3, P9_O_WRONLY}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TREOPEN, .treopen = {1, 3, P9_O_TRUNC}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TLCREATE, .tlcreate = {2, n, 0, 0644, 0}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TLCREATE, .tlcreate = {2, f, 0, 0644, 0}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TMAKE, .tmake = {2, 3, 4, n, 0, 0644, 0}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {2, 3, 4, f, P9_O_WRONLY, 0, 0}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TOPEN, .tmake = {2, 3, 4, f, P9_O_TRUNC, 0, 0}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TMKDIR, .tmkdir = {2, n, 0755, 0}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TSYMLINK, .tsymlink = {2, n, f, 0}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TMKNOD, .tmknod = {2, n, S_IFREG, 0, 0, 0}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TLINK, .tlink = {2, 1, n}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TRENAME, .trename = {1, 2, n}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TRENAMEAT, .trenameat = {2, f, 2, n}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TUNLINKAT, .tunlinkat = {2, f, 0}), -EROFS);
    assert_int_equal(RPC(c, .type = P9_TXATTRCREATE, .txattrcreate = {1, NAME("user.a"), 0, 0}), -EROFS);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 1, .valid = P9_SET_MTIME}), -EROFS);
    assert_int_equal(c_open(c, 1, 0), 0);
    assert_int_equal(c_write(c, 1, 0, "x", 1), -EROFS);
    assert_int_equal(c_read(c, 1, 0, 100), 4);
    assert_int_equal(c_lock(c, 1, P9_LOCK_READ, 0, 0, 7, 0), P9_LOCK_OK);
    assert_int_equal(RPC(c, .type = P9_TREMOVE, .fid = 1), -EROFS);
    assert_int_equal(c_clunk(c, 1), -EBADF);
    assert_int_equal(in_share(c, "diff -r . ../before && test \"$(stat -c %%Y%%a f .)\" = "
                                 "\"$(cd ../before && stat -c %%Y%%a f .)\""), 0);
}

/* --- Mounts beneath the share -------------------------------------------------------------------- */

static void test_mounts__have_numbers_of_their_own(void **state)
{
    struct client *c = *state;
    struct p9_qid listed;
    struct p9_attr a, b;
    char *path = file_path("%s/share/m", c->folder);

    assert_int_equal(mkdir(path, 0755), 0);
    if (mount("none", path, "tmpfs", 0, "") < 0) {
        free(path);
        skip();
    }
    /* tmpfs numbers its files from 1 up, as the ones beside it may be. */
    assert_int_equal(in_share(c, "touch m/f f g && mount --bind m/f g"), 0);
    assert_int_equal(c_walk(c, ROOT, 1, "m/f"), 0);
    assert_int_equal(c_getattr(c, 1, &a), 0);
    assert_int_equal(c_walk(c, ROOT, 2, "f"), 0);
    assert_int_equal(c_getattr(c, 2, &b), 0);
    assert_int_not_equal(a.qid.path >> 56, b.qid.path >> 56);
    assert_int_equal(b.qid.path >> 56, 0);
    assert_int_equal(c_walk(c, ROOT, 3, ""), 0);
    assert_int_equal(c_open(c, 3, 0), 0);
    listed = c_listed(c, 3, "g");
    assert_memory_equal(&listed.path, &a.qid.path, sizeof(listed.path));
    assert_int_equal(listed.version, a.qid.version);
    listed = c_listed(c, 3, "m");
    assert_int_equal(c_walk(c, ROOT, 4, "m"), 0);
    assert_int_equal(listed.path, c->reply.rwalk.qid[0].path);
    assert_int_equal(c_version(c), 0);
    assert_int_equal(in_share(c, "umount g m"), 0);
    free(path);
}

#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, tear_down_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_xattr__set_get_list_remove, set_up_plain),
        T(test_xattr__tells_where_data_is_next, set_up_plain),
        T(test_xattr__is_bounded_and_whole, set_up_plain),
        T(test_xattr__offsets_beyond_all_bounds, set_up_plain),
        T(test_xattr__that_changes_while_it_is_read_is_whole, set_up_plain),
        T(test_owner__squash_shows_one_user, set_up_plain),
        T(test_owner__squash_drops_set_user_id_on_write, set_up_plain),
        T(test_owner__xattr_keeps_the_guests, set_up_xattr),
        T(test_owner__map_goes_both_ways, set_up_map),
        T(test_owner__pass_acts_as_the_user, set_up_pass),
        T(test_owner__pass_leaves_a_group_when_the_user_does, set_up_pass),
        T(test_owner__pass_lists_a_folder_that_is_not_searched, set_up_pass),
        T(test_owner__trust_makes_files_as_the_user, set_up_trust),
        T(test_read_only__nothing_changes, set_up_plain),
        T(test_mounts__have_numbers_of_their_own, set_up_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
