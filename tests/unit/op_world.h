/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A core in folders of its own, verbs run in it as typed, and the child that lxtop runs itself as. */
#ifndef TESTS_UNIT_OP_WORLD_H
#define TESTS_UNIT_OP_WORLD_H

#include "tests/unit/fixture.h"

#include <errno.h>
#include <signal.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/install.h"
#include "core/task.h"
#include "core/watch.h"

struct world {
    char *folder;
    uv_loop_t loop;
    struct core core;
    pid_t holder;
    unsigned finished;
    enum op_status status;
    struct err result;
    char printed[65536], noted[4096];
};

static inline int set_up(void **state)
{
    static const char *const variables[] = {"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
                                            "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"};
    struct world *w = calloc(1, sizeof(*w));
    struct err e = {0};

    w->folder = fixture_enter();
    setenv("HOME", w->folder, 1);
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        auto_free char *path = file_path("%s/%zu", w->folder, i);

        setenv(variables[i], path, 1);
    }
    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_ok(core_init(&w->core, &w->loop, &e), e);
    assert_non_null(watch_start(&w->core, NULL, &e));
    *state = w;
    return 0;
}

/* The process of a machine does not keep the loop alive; here its end is waited for. */
static inline void keep_alive(uv_handle_t *h, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(h))
        uv_ref(h);
}

static inline int tear_down(void **state)
{
    struct world *w = *state;

    while (op_first(&w->core))
        op_detach(op_first(&w->core));
    core_release(&w->core);
    uv_walk(&w->loop, keep_alive, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    if (w->holder) {
        kill(w->holder, SIGKILL);
        waitpid(w->holder, NULL, 0);
    }
    fixture_leave(w->folder);
    free(w);
    return 0;
}

static inline void on_print(void *ctx, const char *text)
{
    struct world *w = ctx;
    size_t used = strlen(w->printed);

    snprintf(w->printed + used, sizeof(w->printed) - used, "%s", text);
}

static inline void on_note(void *ctx, const char *text)
{
    struct world *w = ctx;
    size_t used = strlen(w->noted);

    snprintf(w->noted + used, sizeof(w->noted) - used, "%s\n", text);
}

static inline void on_finished(void *ctx, enum op_status status, const struct err *e)
{
    struct world *w = ctx;

    w->finished++;
    w->status = status;
    w->result = *e;
}

/* Runs a verb as typed to its end: its exit status. */
static inline enum op_status run(struct world *w, const char *line)
{
    static const struct op_events ev = {on_print, on_note, NULL, on_finished};
    auto_free char *copy = strdup(line);
    char *argv[16], *rest = copy;
    struct op_args a;
    int argc = 0;

    w->finished = 0;
    w->printed[0] = w->noted[0] = '\0';
    w->result = (struct err){0};
    while ((argv[argc] = strsep(&rest, " ")))
        argc++;
    if (op_parse(argc, argv, &a, &w->result) < 0)
        return STATUS_USAGE;
    assert_non_null(op_start(&w->core, &a, &ev, w));
    assert_int_equal(w->finished, 0); /* never calls back before it returns */
    while (!w->finished)
        uv_run(&w->loop, UV_RUN_ONCE);
    assert_int_equal(w->finished, 1);
    return w->status;
}

static inline void install(struct world *w, const char *name)
{
    auto_free char *line = file_path("install busybox --disk_size 32M --name %s", name);

    if (run(w, line) != STATUS_DONE)
        fail_msg("%s", w->result.msg);
}

/* --- the child of an install, as lxtop runs itself --- */

static inline int task_install(int argc, char **argv)
{
    struct timespec told = {0};
    struct op_args a;
    struct options o;
    struct paths p;
    struct err e = {0};
    struct install_request r = {.options = &o, .progress = task_child_progress, .ctx = &told};

    task_child_init();
    if (op_parse(argc, argv, &a, &e) < 0 || paths_init(&p, &e) < 0)
        return task_child_result(&e);
    options_init(&o);
    for (int i = 0; i < OPTIONS && !e.code; i++)
        if (a.setting[i])
            options_set(&o, option_table[i].name, a.setting[i], ORIGIN_DISTRO, &e);
    r.source = a.source;
    r.name = a.distro;
    if (!e.code)
        install_run(&p, &r, &e);
    options_release(&o);
    paths_release(&p);
    return task_child_result(&e);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
