/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test program that is lxtop too: it runs itself with lxtop's arguments in a folder of its own, and
 * what it says is compared.  main() calls as_lxtop_main.
 */
#ifndef TESTS_UNIT_AS_LXTOP_H
#define TESTS_UNIT_AS_LXTOP_H

#include "tests/unit/fixture.h"

#include <signal.h>
#include <errno.h>
#include <locale.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "tui/stdfd.h"
#include "tui/surface.h"
#include "tui/text.h"
#include "tui/verb.h"

static char *folder; /* of the test that runs: HOME and all XDG folders */

static int be_lxtop(int argc, char **argv)
{
    struct err e = {0};
    struct core c;
    uv_loop_t loop;
    int status;

    stdfd_all_open();
    if (uv_loop_init(&loop) < 0 || core_init(&c, &loop, &e) < 0)
        return 99;
    if (argc == 1 && strcmp(argv[0], "--text") == 0)
        status = text_run(&c, "a test runs");
    else if (strcmp(argv[0], "--surface") == 0 && setlocale(LC_ALL, "")) /* lxtop alone */
        status = surface_run(&c, false);
    else
        status = surface_words(&c, argc, argv);
    surface_end(&c);
    return status;
}

/* What depends on this host or on the time becomes the same everywhere. */
static char *settle(char *text)
{
    char *p;

    while ((p = strstr(text, "This host")))
        memmove(p, p + strcspn(p, "\n") + 1, strlen(p + strcspn(p, "\n")));
    for (p = text; (p = strstr(p, "it took ")); p += strlen("it took "))
        memmove(p + strlen("it took "), p + strcspn(p, "\n") - 1, strlen(p + strcspn(p, "\n") - 1) + 1);
    return text;
}

/* Runs `lxtop VERB`, a shell's words, with `input` as a pipe; the caller frees. */
static inline char *run_verb(const char *input, const char *verb, int *status)
{
    auto_free char *in = file_path("%s/in", folder), *out = file_path("%s/out", folder);
    char *text = NULL;
    struct err e = {0};

    assert_ok(file_write_atomic(in, input, strlen(input), 0600, &e), e);
    *status = shell("cat %s | { '%s' %s > %s 2>&1; }", in, getenv("TEST_SELF"), verb, out);
    assert_ok(file_read(out, 1 << 20, &text, NULL, &e), e);
    return settle(text);
}

/* Text mode says only printable lines: no escape, no return, nothing that a locale turns into one. */
static inline void assert_linear(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if ((*p < ' ' && *p != '\n') || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
            fail_msg("byte 0x%02x in \"%s\"", *p, text);
}

static inline int set_up(void **state)
{
    static const char *const variables[] = {"HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
                                            "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"};

    (void)state;
    folder = fixture_folder();
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        setenv(variables[i], folder, 1);
    assert_int_equal(shell("mkdir -p %s/tree/sbin && touch %s/tree/sbin/init", folder, folder), 0);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    fixture_remove(folder);
    return 0;
}

/* A distro that never ran, or with `run` (of run.json) one that did. */
static inline void make_distro(const char *name, const char *run)
{
    auto_free char *data = file_path("%s/lxtop/distros/%s", folder, name);
    auto_free char *conf = file_path("%s/distro.conf", data), *image = file_path("%s/root.img", data);
    auto_free char *state = file_path("%s/lxtop/machines/%s", folder, name);
    auto_free char *file = file_path("%s/run.json", state);
    static const char settings[] = "source = \"tree\";\ndisk_format = \"raw\";\n";
    struct err e = {0};

    assert_ok(file_mkdirs(data, 0700, &e), e);
    assert_ok(file_write_atomic(image, "", 0, 0600, &e), e);
    assert_ok(file_write_atomic(conf, settings, strlen(settings), 0600, &e), e);
    if (!run)
        return;
    assert_ok(file_mkdirs(state, 0700, &e), e);
    assert_ok(file_write_atomic(file, run, strlen(run), 0600, &e), e);
}

#define as_lxtop_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* Status of lxtop, or -1: run the tests. */
static int as_lxtop_main(int argc, char **argv)
{
    char self[4096] = "";

    if (!setlocale(LC_ALL, "C.UTF-8"))
        return 99;
    signal(SIGPIPE, SIG_IGN); /* as main does */
    if (argc > 1)
        return be_lxtop(argc - 1, argv + 1);
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        return 99;
    setenv("TEST_SELF", self, 1);
    return -1;
}

#endif
