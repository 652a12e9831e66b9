/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners of new files, where the server is root and the client may choose.
 */
#include <fcntl.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "tests/unit/p9_fixture.h"

static int set_up_pass(void **state)
{
    *state = client_new((struct p9_localfs_config){.owners = {.kind = P9_OWNER_PASS}, .devices = true});
    assert_int_equal(c_attach(*state, 1, 0, ""), 0); /* as root: any group may be asked for */
    return 0;
}

static uint32_t group_of(struct client *c, const char *path)
{
    struct p9_attr a;

    assert_int_equal(c_walk(c, 1, 9, path), 0);
    assert_int_equal(c_getattr(c, 9, &a), 0);
    assert_int_equal(c_clunk(c, 9), 0);
    return a.gid;
}

/* One of each kind in a folder, for a client of group 300. */
static void make_all(struct client *c, const char *folder)
{
    const uint32_t dir = 2, file = 3;

    assert_int_equal(c_walk(c, 1, dir, folder), 0);
    assert_int_equal(c_walk(c, dir, file, ""), 0);
    assert_int_equal(RPC(c, .type = P9_TLCREATE, .tlcreate = {file, NAME("file"), P9_O_RDWR, 0644, 300}), 0);
    assert_int_equal(RPC(c, .type = P9_TMKDIR, .tmkdir = {dir, NAME("dir"), 0755, 300}), 0);
    assert_int_equal(RPC(c, .type = P9_TMKNOD, .tmknod = {dir, NAME("fifo"), S_IFIFO | 0644, 0, 0, 300}), 0);
    assert_int_equal(RPC(c, .type = P9_TSYMLINK, .tsymlink = {dir, NAME("link"), NAME("to"), 300}), 0);
    assert_int_equal(c_clunk(c, dir) + c_clunk(c, file), 0);
}

static void test_owner__a_set_group_id_folder_gives_its_group(void **state)
{
    struct client *c = *state;

    if (geteuid() != 0)
        skip();
    assert_int_equal(in_share(c, "mkdir plain group && chgrp 400 group && chmod 2755 group"), 0);
    make_all(c, "plain");
    make_all(c, "group");
    assert_int_equal(group_of(c, "plain/file"), 300);
    assert_int_equal(group_of(c, "plain/dir"), 300);
    assert_int_equal(group_of(c, "plain/fifo"), 300);
    assert_int_equal(group_of(c, "plain/link"), 300);
    assert_int_equal(group_of(c, "group/file"), 400);
    assert_int_equal(group_of(c, "group/dir"), 400);
    assert_int_equal(group_of(c, "group/fifo"), 400);
    assert_int_equal(group_of(c, "group/link"), 400);
    assert_int_equal(in_share(c, "test $(stat -c %%a group/dir) = 2755 && test $(stat -c %%a plain/dir) = 755"), 0);
}

/* One thread may serve shares of several kinds. */
static void test_owner__a_trusted_clients_user_ends_with_its_share(void **state)
{
    const struct p9_owners trust = {.kind = P9_OWNER_TRUST, .root = true}, squash = {.kind = P9_OWNER_SQUASH, .root = true};
    auto_free char *path = file_path("%s/made", ((struct client *)*state)->folder);
    struct stat st;
    int fd;

    if (geteuid() != 0)
        skip();
    p9_owner_become(&trust, 1000, true);
    p9_owner_making(&trust, 1000);
    p9_owner_become(&squash, 1000, true);
    fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    close(fd);
    assert_int_equal(st.st_uid + st.st_gid, 0);
}

#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, tear_down_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_owner__a_set_group_id_folder_gives_its_group, set_up_pass),
        T(test_owner__a_trusted_clients_user_ends_with_its_share, set_up_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
