/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/task.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "core/base/auto.h"

/* The child of every test is this program itself, run with the name of a row below. */
struct world {
    uv_loop_t loop;
    struct task *task;
    uint64_t done, total;
    unsigned progresses, finished;
    bool cancel_at_progress, free_at_progress;
    struct err result;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_int_equal(uv_loop_init(&w->loop), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    task_free(w->task);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0); /* every handle was closed */
    free(w);
    return 0;
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct world *w = ctx;

    w->progresses++;
    w->done = done;
    w->total = total;
    if (w->cancel_at_progress)
        task_cancel(w->task);
    if (w->free_at_progress)
        task_free(steal_ptr(&w->task));
}

static void on_finished(void *ctx, const struct err *e)
{
    struct world *w = ctx;

    w->finished++;
    w->result = *e;
}

static const struct task_events events = {on_progress, on_finished};

static void run(struct world *w, const char *const *argv)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    struct err e = {0};

    assert_true(n > 0);
    self[n] = '\0';
    w->task = task_start(&w->loop, self, argv, &events, w, &e);
    if (!w->task)
        fail_msg("%s", e.msg);
    uv_run(&w->loop, UV_RUN_DEFAULT);
}

#define RUN(w, ...) run(w, (const char *const[]){__VA_ARGS__, NULL})

static void test_task__progress_and_success_arrive(void **state)
{
    struct world *w = *state;

    RUN(w, "work");
    assert_int_equal(w->finished, 1);
    assert_int_equal(w->result.code, 0);
    assert_true(w->progresses >= 1);
    assert_int_equal(w->total, 1ULL << 40);
    assert_true(w->done >= 5);
}

static void test_task__an_error_arrives_with_code_and_text(void **state)
{
    struct world *w = *state;

    RUN(w, "fail");
    assert_int_equal(w->finished, 1);
    assert_int_equal(w->result.code, ENOSPC);
    assert_string_equal(w->result.msg, "it does not fit: \"x\"\n\303\244");
}

static void test_task__cancel_ends_in_a_clean_result(void **state)
{
    struct world *w = *state;

    w->cancel_at_progress = true;
    RUN(w, "until-cancelled");
    assert_int_equal(w->finished, 1);
    assert_int_equal(w->result.code, ECANCELED);
}

static void test_task__a_child_without_a_result_has_died(void **state)
{
    static const struct {
        const char *child, *says;
    } cases[] = {
        {"silent", "without a result, status 3"},
        {"killed", "ended by signal 9"},
        {"garbage", "without a result, status 0"},
        {"half-result", "without a result, status 0"},
        {"no-such-child", "without a result, status 99"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        RUN(w, cases[i].child);
        assert_int_equal(w->finished, i + 1);
        assert_int_equal(w->result.code, ECHILD);
        assert_says(w->result, cases[i].says);
        task_free(steal_ptr(&w->task));
    }
}

static void test_task__an_error_without_a_code_is_still_an_error(void **state)
{
    struct world *w = *state;

    RUN(w, "no-code");
    assert_int_not_equal(w->result.code, 0);
    assert_string_equal(w->result.msg, "unknown error");
}

static void test_task__a_result_counts_though_the_child_dies_after_it(void **state)
{
    struct world *w = *state;

    RUN(w, "result-then-killed");
    assert_int_equal(w->finished, 1);
    assert_int_equal(w->result.code, 0);
}

static void test_task__every_word_reaches_the_child(void **state)
{
    const char *argv[32] = {"count"};
    struct world *w = *state;

    for (int i = 1; i < 30; i++)
        argv[i] = "--word with space";
    run(w, argv);
    assert_int_equal(w->result.code, 0);
    assert_int_equal(w->done, 30);
}

static void test_task_free__while_it_runs_leaves_the_child_to_itself(void **state)
{
    struct world *w = *state;
    char *folder = fixture_folder();
    auto_free char *file = file_path("%s/over", folder);

    w->free_at_progress = true;
    RUN(w, "write-later", file);
    assert_int_equal(w->finished, 0);
    for (int i = 0; i < 1000 && access(file, F_OK) < 0; i++)
        usleep(10000);
    assert_int_equal(access(file, F_OK), 0);
    fixture_remove(folder);
}

static void test_task_start__says_what_cannot_be_run(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    assert_null(task_start(&w->loop, "/no/such/program", (const char *const[]){"x", NULL}, &events, w, &e));
    assert_int_equal(e.code, ENOENT);
    assert_says(e, "/no/such/program");
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(w->finished, 0);
}

/* --- children --- */

static int child_work(char **argv)
{
    struct timespec last = {0};

    (void)argv;
    for (uint64_t i = 0; i < 1000; i++) /* told ten times a second, however often it is reported */
        task_child_progress(&last, i + 5, 1ULL << 40);
    return task_child_result(&(struct err){0});
}

static int child_fail(char **argv)
{
    struct err e;

    (void)argv;
    err_set(&e, ENOSPC, "it does not fit: \"x\"\n\303\244");
    return task_child_result(&e);
}

static int child_until_cancelled(char **argv)
{
    struct err e;

    (void)argv;
    for (struct timespec last = {0}; !task_child_progress(&last, 1, 2);)
        usleep(1000);
    err_set(&e, ECANCELED, "cancelled");
    return task_child_result(&e);
}

static int child_silent(char **argv)
{
    (void)argv;
    return 3;
}

static int child_killed(char **argv)
{
    (void)argv;
    return raise(SIGKILL);
}

static int child_garbage(char **argv)
{
    (void)argv;
    for (int i = 0; i < 10000; i++)
        fputs("no JSON at all ", stdout); /* longer than a line may be */
    fputs("\n\n[]\n{\n{\"done\": \"x\"}\n{\"done\": -1, \"total\": {}}\n{\"result\": 7}\n\377\376\n", stdout);
    return 0;
}

static int child_half_result(char **argv)
{
    (void)argv;
    fputs("{\"result\": \"ok\"", stdout);
    return 0;
}

static int child_no_code(char **argv)
{
    (void)argv;
    fputs("{\"result\": \"error\"}\n", stdout);
    return 0;
}

static int child_result_then_killed(char **argv)
{
    (void)argv;
    task_child_result(&(struct err){0});
    return raise(SIGKILL);
}

static int child_count(char **argv)
{
    uint64_t n = 0;

    while (argv[n])
        n++;
    task_child_progress(&(struct timespec){0}, n, 0);
    return task_child_result(&(struct err){0});
}

static int child_write_later(char **argv)
{
    struct timespec last = {0};

    task_child_progress(&last, 1, 1);
    for (int i = 0; i < 20; i++) { /* its reader goes away meanwhile */
        usleep(10000);
        last = (struct timespec){0};
        task_child_progress(&last, 1, 1);
    }
    return file_write_atomic(argv[1], "", 0, 0600, NULL);
}

static int run_child(char **argv)
{
    static const struct {
        const char *name;
        int (*run)(char **argv);
    } children[] = {
        {"work", child_work}, {"fail", child_fail}, {"until-cancelled", child_until_cancelled},
        {"silent", child_silent}, {"killed", child_killed}, {"garbage", child_garbage},
        {"half-result", child_half_result}, {"no-code", child_no_code},
        {"result-then-killed", child_result_then_killed}, {"count", child_count},
        {"write-later", child_write_later},
    };

    task_child_init();
    for (size_t i = 0; i < ARRAY_SIZE(children); i++)
        if (strcmp(children[i].name, argv[0]) == 0)
            return children[i].run(argv);
    return 99;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_task__progress_and_success_arrive),
        TEST(test_task__an_error_arrives_with_code_and_text),
        TEST(test_task__cancel_ends_in_a_clean_result),
        TEST(test_task__a_child_without_a_result_has_died),
        TEST(test_task__an_error_without_a_code_is_still_an_error),
        TEST(test_task__a_result_counts_though_the_child_dies_after_it),
        TEST(test_task__every_word_reaches_the_child),
        TEST(test_task_free__while_it_runs_leaves_the_child_to_itself),
        TEST(test_task_start__says_what_cannot_be_run),
    };

    if (argc > 1)
        return run_child(argv + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
