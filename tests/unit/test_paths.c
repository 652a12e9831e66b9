/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/paths.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/base/auto.h"
#include "core/ctl.h"
#include "core/doctor.h"
#include "core/machine.h"

static const char *const variables[] = {"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
                                        "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"};

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        unsetenv(variables[i]);
    setenv("HOME", "/home/someone", 1);
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    return 0;
}

static void assert_paths(const char *data, const char *state, const char *cache, const char *config)
{
    struct paths p;
    struct err e = {0};

    assert_ok(paths_init(&p, &e), e);
    assert_string_equal(p.data, data);
    assert_string_equal(p.state, state);
    assert_string_equal(p.cache, cache);
    assert_string_equal(p.config, config);
    assert_string_equal(p.runtime, "/run/user/7/lxtop");
    paths_release(&p);
    assert_null(p.data);
}

#define DEFAULTS                                                                                   \
    "/home/someone/.local/share/lxtop", "/home/someone/.local/state/lxtop",                        \
        "/home/someone/.cache/lxtop", "/home/someone/.config/lxtop"

static void test_paths_init__defaults_lie_below_home(void **state)
{
    (void)state;
    assert_paths(DEFAULTS);
}

static void test_paths_init__variables_are_obeyed(void **state)
{
    (void)state;
    setenv("XDG_DATA_HOME", "/d", 1);
    setenv("XDG_STATE_HOME", "/s", 1);
    setenv("XDG_CACHE_HOME", "/c d", 1);
    setenv("XDG_CONFIG_HOME", "/e", 1);
    assert_paths("/d/lxtop", "/s/lxtop", "/c d/lxtop", "/e/lxtop");
}

/* XDG base directory specification: "consider the path invalid and ignore it". */
static void test_paths_init__relative_and_empty_variables_are_ignored(void **state)
{
    (void)state;
    setenv("XDG_DATA_HOME", "relative/data", 1);
    setenv("XDG_STATE_HOME", "", 1);
    setenv("XDG_CACHE_HOME", "./cache", 1);
    setenv("XDG_CONFIG_HOME", "~/config", 1);
    assert_paths(DEFAULTS);
}

static void test_paths_init__needs_an_absolute_home(void **state)
{
    static const char *const homes[] = {NULL, "", "relative"};
    struct paths p;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(homes); i++) {
        struct err e = {0};

        unsetenv("HOME");
        if (homes[i])
            setenv("HOME", homes[i], 1);
        assert_int_equal(paths_init(&p, &e), -ENOENT);
        assert_says(e, "HOME is not set to an absolute path");
        assert_null(p.runtime);
    }
}

static void fallback(char *path, size_t size)
{
    snprintf(path, size, "/tmp/lxtop-%u", getuid());
}

static void test_paths_init__without_runtime_dir_a_private_folder_in_tmp(void **state)
{
    char path[64];
    struct paths p;
    struct stat st;
    struct err e = {0};

    (void)state;
    fallback(path, sizeof(path));
    rmdir(path); /* unless there are sockets in it */
    setenv("XDG_RUNTIME_DIR", "relative", 1);
    assert_ok(paths_init(&p, &e), e);
    assert_string_equal(p.runtime, path);
    /* Made at once: between a look and a later mkdir somebody else could make it theirs. */
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 077, 0);
    paths_release(&p);
}

static void test_paths_init__refuses_a_folder_in_tmp_that_others_can_use(void **state)
{
    char path[64], aside[80];
    struct paths p;
    struct err e = {0};
    bool was_there;

    (void)state;
    fallback(path, sizeof(path));
    snprintf(aside, sizeof(aside), "%s.test-aside-%d", path, (int)getpid());
    was_there = rename(path, aside) == 0;
    unsetenv("XDG_RUNTIME_DIR");

    assert_int_equal(shell("mkdir -m 755 %s", path), 0);
    assert_int_equal(paths_init(&p, &e), -EPERM);
    assert_says(e, "is not a private folder of yours; remove it or set XDG_RUNTIME_DIR");
    assert_int_equal(shell("rmdir %s && ln -s /home %s", path, path), 0);
    assert_int_equal(paths_init(&p, &e), -EPERM);
    assert_int_equal(shell("rm %s && touch %s", path, path), 0);
    assert_int_equal(paths_init(&p, &e), -EPERM);
    assert_int_equal(unlink(path), 0);
    if (was_there)
        assert_int_equal(rename(aside, path), 0);
}

static void never(void *ctx, const struct err *e)
{
    (void)ctx;
    (void)e;
}

/* sun_path has 108 bytes: said before anything is started, with what to do. */
static void test_paths__a_runtime_folder_too_long_for_a_socket_is_told(void **state)
{
    static const struct ctl_events ev = {.closed = never};
    char runtime[200] = "/";
    auto_free char *path = NULL;
    struct options o;
    struct doctor_facts f;
    struct paths p;
    struct err e = {0};
    uv_loop_t loop;

    (void)state;
    memset(runtime + 1, 'r', 120);
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    assert_ok(paths_init(&p, &e), e);
    path = machine_socket(&p, "d");
    assert_true(strlen(path) > sizeof(((struct sockaddr_un *)0)->sun_path));
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_null(ctl_open(&loop, path, &ev, NULL, &e));
    assert_int_equal(e.code, ENAMETOOLONG);
    assert_says(e, "set XDG_RUNTIME_DIR to a shorter one");
    assert_int_equal(uv_loop_close(&loop), 0);

    options_init(&o);
    f = (struct doctor_facts){.runtime = p.runtime, .socket_len = strlen(path) + NAME_MAX_LEN};
    for (unsigned i = 0; i < doctor_count; i++) {
        struct doctor_answer a;

        if (strcmp(doctor_table[i].name, "sockets") != 0)
            continue;
        doctor_table[i].ask(&f, &a);
        assert_int_equal(a.result, DOCTOR_WARN);
        assert_non_null(strstr(a.advice, "set XDG_RUNTIME_DIR to a shorter one"));
    }
    options_release(&o);
    paths_release(&p);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_paths_init__defaults_lie_below_home),
        TEST(test_paths_init__variables_are_obeyed),
        TEST(test_paths_init__relative_and_empty_variables_are_ignored),
        TEST(test_paths_init__needs_an_absolute_home),
        TEST(test_paths_init__without_runtime_dir_a_private_folder_in_tmp),
        TEST(test_paths_init__refuses_a_folder_in_tmp_that_others_can_use),
        TEST(test_paths__a_runtime_folder_too_long_for_a_socket_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
