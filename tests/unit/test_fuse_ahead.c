/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked for ahead of the lookups in a folder, and how long it is believed. */
#include "p9/fuse_ahead.h"

#include "tests/unit/p9_fixture.h"

#include "core/base/auto.h"

#define NAMES 40
#define PATIENCE 50 /* times: a second may pass between a listing and the question */

struct ahead {
    struct client *raw; /* the server, and a client of its own that is not used */
    struct p9_stream *server;
    struct p9_mount m;
    struct node dir;
    uint32_t fid;
    double left_s;
};

static int set_up(void **state)
{
    struct ahead *a = calloc(1, sizeof(*a));
    struct p9_client_config config = {.uid = P9_NOUID};
    struct p9_attr attr;
    struct err e = {0};

    a->raw = client_new((struct p9_localfs_config){.owners = {.kind = P9_OWNER_PASS}});
    a->m.client = p9_client_new(share_serve(a->raw, &a->server), &config, &e);
    assert_non_null(a->m.client);
    a->m.ahead = fuse_ahead_new();
    assert_int_equal(in_share(a->raw, "mkdir d && cd d && seq 100 139 | xargs touch"), 0);
    assert_int_equal(p9_client_lookup(a->m.client, p9_client_root(a->m.client), "d", &a->fid, &attr), 0);
    a->dir.qid = attr.qid;
    *state = a;
    return 0;
}

static int tear_down(void **state)
{
    struct ahead *a = *state;

    fuse_ahead_free(a->m.ahead);
    p9_client_free(a->m.client);
    p9_stream_stop(a->server);
    client_free(a->raw);
    free(a);
    return 0;
}

static bool ask(struct ahead *a, const char *name, struct p9_attr *attr)
{
    return fuse_ahead_find(&a->m, &a->dir, a->fid, name, attr, &a->left_s);
}

/* It is asked for until it is known: how often it was not. */
static unsigned unknown_before(struct ahead *a, const char *name, struct p9_attr *attr)
{
    unsigned n = 0;

    while (n < PATIENCE && !ask(a, name, attr))
        n++;
    return n;
}

static void test_ahead__after_a_few_lookups_all_names_are_known(void **state)
{
    struct ahead *a = *state;
    struct p9_attr attr = {0};

    assert_int_equal(in_share(a->raw, "printf 12345 > d/139"), 0);
    assert_in_range(unknown_before(a, "139", &attr), 3, PATIENCE - 1);
    assert_int_equal(attr.size, 5);
    assert_true(a->left_s > 0 && a->left_s <= FUSE_VALID_S);
    for (int i = 100; i < 100 + NAMES; i++) {
        auto_free char *name = file_path("%d", i);

        assert_true(unknown_before(a, name, &attr) < PATIENCE);
        assert_int_equal(attr.nlink, 1);
    }
}

static void test_ahead__what_is_not_listed_is_not_known(void **state)
{
    struct ahead *a = *state;
    struct p9_attr attr;

    unknown_before(a, "139", &attr);
    assert_false(ask(a, "140", &attr));
    assert_false(ask(a, ".", &attr));
    assert_false(ask(a, "..", &attr));
    assert_false(ask(a, "", &attr));
}

static void test_ahead__a_change_ends_it(void **state)
{
    struct ahead *a = *state;
    struct p9_attr attr = {0};

    unknown_before(a, "139", &attr);
    assert_int_equal(in_share(a->raw, "echo more > d/139"), 0);
    fuse_changed(&a->m);
    assert_false(ask(a, "139", &attr));
    assert_true(unknown_before(a, "139", &attr) < PATIENCE);
    assert_int_equal(attr.size, 5);
}

static void test_ahead__it_is_believed_for_its_time(void **state)
{
    struct ahead *a = *state;
    struct p9_attr attr = {0};

    unknown_before(a, "139", &attr);
    assert_int_equal(in_share(a->raw, "echo more > d/139"), 0);
    usleep((useconds_t)(FUSE_VALID_S * 1.1e6));
    assert_false(ask(a, "139", &attr));
}

static void test_ahead__more_folders_than_places(void **state)
{
    struct ahead *a = *state;
    struct node other = {.qid = a->dir.qid};
    struct p9_attr attr = {0};
    double left_s;

    unknown_before(a, "139", &attr);
    for (int i = 0; i < 100; i++) {
        other.qid.path++;
        assert_false(fuse_ahead_find(&a->m, &other, a->fid, "139", &attr, &left_s));
    }
    assert_false(ask(a, "139", &attr));
    assert_true(unknown_before(a, "139", &attr) < PATIENCE);
}

/* Looked up all the same. */
static void test_ahead__a_folder_that_cannot_be_listed(void **state)
{
    struct ahead *a = *state;
    struct p9_attr attr;

    assert_int_equal(in_share(a->raw, "rm -r d"), 0);
    assert_int_equal(unknown_before(a, "139", &attr), PATIENCE);
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_ahead__after_a_few_lookups_all_names_are_known),
        test(test_ahead__what_is_not_listed_is_not_known),
        test(test_ahead__a_change_ends_it),
        test(test_ahead__it_is_believed_for_its_time),
        test(test_ahead__more_folders_than_places),
        test(test_ahead__a_folder_that_cannot_be_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
