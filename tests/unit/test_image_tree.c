/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/image/image_tree.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "core/base/auto.h"

struct world {
    struct image_tree tree;
    uint32_t next;
};

static struct image_node *put(struct world *w, const char *path, mode_t type, const char *target);

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_int_equal(tree_init(&w->tree, 2, NULL), 0);
    w->next = 11;
    *state = w;
    put(w, "usr", S_IFDIR, NULL);
    put(w, "usr/bin", S_IFDIR, NULL);
    put(w, "usr/bin/sh", S_IFREG, NULL);
    put(w, "bin", S_IFLNK, "usr/bin");
    put(w, "abs", S_IFLNK, "/usr");
    put(w, "up", S_IFLNK, "../../../usr");
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    tree_release(&w->tree);
    tree_release(&w->tree);
    free(w);
    return 0;
}

static int make_folder(void *ctx, struct image_node *parent, const char *name, struct err *e)
{
    struct world *w = ctx;

    (void)e;
    return tree_add(&w->tree, parent, name, w->next++, S_IFDIR, NULL) ? 0 : -ENOMEM;
}

static struct image_node *put(struct world *w, const char *path, mode_t type, const char *target)
{
    char last[NAME_MAX + 1];
    struct image_node *parent;
    struct err e = {0};

    assert_ok(tree_walk(&w->tree, path, &parent, last, make_folder, w, &e), e);
    return tree_add(&w->tree, parent, last, w->next++, type, target);
}

static const struct image_node *resolve(struct world *w, const char *path)
{
    return tree_resolve(&w->tree, path);
}

static void test_tree_resolve__follows_links_inside(void **state)
{
    struct world *w = *state;
    const struct image_node *sh = resolve(w, "usr/bin/sh"), *usr = resolve(w, "usr");

    assert_non_null(sh);
    assert_ptr_equal(resolve(w, "bin/sh"), sh);
    assert_ptr_equal(resolve(w, "abs/bin/sh"), sh);
    assert_ptr_equal(resolve(w, "up/bin/sh"), sh); /* above the root is the root */
    assert_ptr_equal(resolve(w, "./usr//bin/./sh"), sh);
    assert_ptr_equal(resolve(w, "abs"), usr);
    assert_ptr_equal(resolve(w, ""), w->tree.root);
    assert_ptr_equal(resolve(w, "/"), w->tree.root);
    put(w, "last", S_IFLNK, "bin/sh");
    assert_ptr_equal(resolve(w, "last"), sh);
    put(w, "dots", S_IFLNK, "usr/bin/../../bin/./sh");
    assert_ptr_equal(resolve(w, "dots"), sh);
}

static void test_tree_resolve__nothing_where_there_is_nothing(void **state)
{
    static const char *const none[] = {"none", "usr/none", "usr/bin/sh/below", "dangling", "dangling/x"};
    struct world *w = *state;

    put(w, "dangling", S_IFLNK, "no/where");
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        assert_null(resolve(w, none[i]));
}

static void test_tree_walk__circles_end(void **state)
{
    struct world *w = *state;
    struct image_node *parent;
    char last[NAME_MAX + 1];
    struct err e = {0};

    put(w, "self", S_IFLNK, "self");
    put(w, "a", S_IFLNK, "b");
    put(w, "b", S_IFLNK, "a");
    put(w, "grow", S_IFLNK, "grow/grow/grow/grow");
    assert_null(resolve(w, "self"));
    assert_null(resolve(w, "a/x"));
    assert_null(resolve(w, "grow"));
    assert_int_equal(tree_walk(&w->tree, "a/x", &parent, last, make_folder, w, &e), -ELOOP);
    assert_says(e, "circle");
    assert_null(parent);
}

static void test_tree_walk__makes_missing_parents_also_behind_links(void **state)
{
    struct world *w = *state;

    put(w, "bin/deep/er/file", S_IFREG, NULL);
    assert_non_null(resolve(w, "usr/bin/deep/er/file"));
    assert_int_equal(resolve(w, "usr/bin/deep")->type, S_IFDIR);
}

static void test_tree_walk__does_not_follow_the_last_part(void **state)
{
    struct world *w = *state;
    struct image_node *parent;
    char last[NAME_MAX + 1];
    struct err e = {0};

    assert_ok(tree_walk(&w->tree, "bin", &parent, last, NULL, NULL, &e), e);
    assert_ptr_equal(parent, w->tree.root);
    assert_string_equal(last, "bin");
    assert_ok(tree_walk(&w->tree, "usr/bin/./", &parent, last, NULL, NULL, &e), e);
    assert_ptr_equal(parent, resolve(w, "usr"));
    assert_string_equal(last, "bin");
    assert_ok(tree_walk(&w->tree, "./.", &parent, last, NULL, NULL, &e), e);
    assert_string_equal(last, "");
}

static void test_tree_walk__says_what_is_in_the_way(void **state)
{
    struct world *w = *state;
    auto_free char *deep = malloc(2 * PATH_MAX);
    struct image_node *parent;
    char last[NAME_MAX + 1];
    struct err e = {0};

    assert_int_equal(tree_walk(&w->tree, "usr/bin/sh/x", &parent, last, make_folder, w, &e), -ENOTDIR);
    assert_says(e, "sh is not a folder");
    assert_int_equal(tree_walk(&w->tree, "none/x", &parent, last, NULL, NULL, &e), -ENOENT);
    memset(deep, 'n', 2 * PATH_MAX);
    deep[NAME_MAX] = '\0';
    assert_ok(tree_walk(&w->tree, deep, &parent, last, NULL, NULL, &e), e);
    deep[NAME_MAX] = 'n';
    deep[NAME_MAX + 1] = '\0';
    assert_int_equal(tree_walk(&w->tree, deep, &parent, last, NULL, NULL, &e), -ENAMETOOLONG);
    for (size_t i = 0; i < 2 * PATH_MAX - 1; i++)
        deep[i] = i % 2 ? '/' : 'd';
    deep[2 * PATH_MAX - 1] = '\0';
    assert_int_equal(tree_walk(&w->tree, deep, &parent, last, make_folder, w, &e), -ENAMETOOLONG);
    deep[2 * (PATH_MAX / 2 - 1)] = '\0'; /* nested as deep as a path can say: released without a stack */
    assert_ok(tree_walk(&w->tree, deep, &parent, last, make_folder, w, &e), e);
}

/* Behind a link the way may be longer than any path: told, not cut. */
static void test_tree_walk__a_way_too_long_behind_links_is_told(void **state)
{
    struct world *w = *state;
    char target[PATH_MAX], path[PATH_MAX];

    memset(target, '/', sizeof(target) - 1);
    target[sizeof(target) - 1] = '\0';
    put(w, "long", S_IFLNK, target);
    snprintf(path, sizeof(path), "long/usr/bin/sh");
    assert_null(resolve(w, path));
    target[4000] = '\0';
    put(w, "fits", S_IFLNK, target);
    assert_ptr_equal(resolve(w, "fits/usr/bin/sh"), resolve(w, "usr/bin/sh"));
}

static void test_tree_remove__keeps_order_and_index(void **state)
{
    struct world *w = *state;
    struct image_node *n[5], *folder = put(w, "f", S_IFDIR, NULL);
    static const char *const names[] = {"0", "1", "2", "3", "4"};

    for (int i = 0; i < 5; i++)
        n[i] = tree_add(&w->tree, folder, names[i], (uint32_t)i + 100, S_IFREG, NULL);
    tree_remove(&w->tree, n[4]); /* last, first, middle */
    tree_remove(&w->tree, n[0]);
    tree_remove(&w->tree, n[2]);
    assert_ptr_equal(folder->first_child, n[1]);
    assert_ptr_equal(n[1]->next, n[3]);
    assert_null(n[3]->next);
    assert_ptr_equal(folder->last_child, n[3]);
    assert_null(tree_find(&w->tree, folder, "2"));
    assert_ptr_equal(tree_find(&w->tree, folder, "3"), n[3]);
    n[0] = tree_add(&w->tree, folder, "0", 200, S_IFREG, NULL);
    assert_ptr_equal(n[3]->next, n[0]);
    tree_remove(&w->tree, n[1]);
    tree_remove(&w->tree, n[3]);
    tree_remove(&w->tree, n[0]);
    assert_null(folder->first_child);
    assert_null(folder->last_child);
}

static void test_tree_find__tells_folders_apart(void **state)
{
    struct world *w = *state;

    put(w, "a/x", S_IFREG, NULL);
    put(w, "b/x", S_IFREG, NULL);
    assert_ptr_not_equal(resolve(w, "a/x"), resolve(w, "b/x"));
    assert_null(tree_find(&w->tree, w->tree.root, "x"));
    for (int i = 0; i < 5000; i++) {
        auto_free char *path = file_path("many/%d", i);

        put(w, path, S_IFREG, NULL);
    }
    for (int i = 0; i < 5000; i++) {
        auto_free char *path = file_path("many/%d", i);

        assert_string_equal(resolve(w, path)->name, path + 5);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tree_resolve__follows_links_inside),
        TEST(test_tree_resolve__nothing_where_there_is_nothing),
        TEST(test_tree_walk__circles_end),
        TEST(test_tree_walk__makes_missing_parents_also_behind_links),
        TEST(test_tree_walk__does_not_follow_the_last_part),
        TEST(test_tree_walk__says_what_is_in_the_way),
        TEST(test_tree_walk__a_way_too_long_behind_links_is_told),
        TEST(test_tree_remove__keeps_order_and_index),
        TEST(test_tree_find__tells_folders_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
