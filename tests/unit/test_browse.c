/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders as the files view lists them, and what it does to names: here, and in a folder that acts as a guest. */
#include "core/browse.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <sys/stat.h>

#include "config/paths.h"
#include "core/base/auto.h"
#include "core/file_job.h"
#include "tests/unit/fake_export.h"

static const atomic_bool never;

static char *home;

static int set_up(void **state)
{
    (void)state;
    home = fixture_folder();
    assert_int_equal(shell("cd %s && mkdir -p d/e/f out && touch b a d/x d/e/y out/kept && ln -s out to-out && ln -s ../out d/out && "
                           "ln -s nowhere dangling && ln -s /etc/passwd 'odd\nname'", home), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_remove(home);
    return 0;
}

static char *names(const struct model_folder *f)
{
    char *text = NULL;
    size_t len;
    FILE *o = open_memstream(&text, &len);

    for (unsigned i = 0; i < f->count; i++)
        fprintf(o, "%s%s ", f->files[i].shown, f->files[i].folder ? "/" : "");
    fclose(o);
    return text;
}

static void test_list__folders_first_and_links_as_what_they_lead_to(void **state)
{
    struct tree t = tree_host();
    struct model_folder f = {0};
    auto_free char *text = NULL;

    (void)state;
    assert_int_equal(browse_list(&t, home, &never, &f), 0);
    text = names(&f);
    assert_string_equal(text, "../ d/ out/ to-out/ a b dangling odd name ");
    model_folder_forget(&f);
    assert_int_equal(browse_list(&t, "/nowhere/at/all", &never, &f), -ENOENT);
    assert_int_equal(browse_list(&t, "/etc/passwd", &never, &f), -ENOTDIR);
    assert_int_equal(browse_list(&t, "/", &never, &f), 0);
    assert_string_not_equal(f.files[0].name, "..");
    model_folder_forget(&f);
}

static void test_list__cancelled(void **state)
{
    static const atomic_bool now = true;
    struct tree t = tree_host();
    struct model_folder f = {0};

    (void)state;
    assert_int_equal(browse_list(&t, home, &now, &f), -ECANCELED);
    model_folder_forget(&f);
}

static void test_rename__never_over_another(void **state)
{
    struct tree t = tree_host();
    auto_free char *a = file_path("%s/a", home);

    (void)state;
    assert_int_equal(browse_rename(&t, a, "b"), -EEXIST);
    assert_int_equal(browse_rename(&t, a, "dangling"), -EEXIST);
    assert_int_equal(browse_rename(&t, a, "x/y"), -EINVAL);
    assert_int_equal(browse_rename(&t, a, ".."), -EINVAL);
    assert_int_equal(browse_rename(&t, a, ""), -EINVAL);
    assert_int_equal(browse_rename(&t, a, "c"), 0);
    assert_int_equal(browse_rename(&t, a, "d"), -EEXIST);
    assert_int_equal(shell("cd %s && test -e c && test -e b && test ! -e a", home), 0);
    assert_int_equal(browse_rename(&t, "/", "x"), -EBUSY);
}

static void test_remove__follows_no_link(void **state)
{
    struct tree t = tree_host();
    auto_free char *d = file_path("%s/d", home), *link = file_path("%s/to-out", home), *b = file_path("%s/b", home);

    (void)state;
    assert_int_equal(browse_remove(&t, d, &never), 0);
    assert_int_equal(browse_remove(&t, link, &never), 0);
    assert_int_equal(browse_remove(&t, b, &never), 0);
    assert_int_equal(browse_remove(&t, b, &never), -ENOENT);
    assert_int_equal(browse_remove(&t, "/", &never), -EBUSY);
    assert_int_equal(shell("cd %s && test -e out/kept && test ! -e d && test ! -L to-out && test ! -e b", home), 0);
}

/* --- of a guest, on the loop --- */

struct heard {
    char *names;
    struct err err;
};

static void on_folder(void *ctx, struct model_folder *f)
{
    ((struct heard *)ctx)->names = names(f);
}

static void on_finished(void *ctx, const struct err *e)
{
    ((struct heard *)ctx)->err = *e;
}

static struct heard run_job(const char *runtime, enum file_work work, const char *word, const char *second)
{
    static const struct file_job_events ev = {.folder = on_folder, .finished = on_finished};
    const char *const words[] = {word, second};
    struct file_request r = {.work = work, .distro = "a", .word = words, .words = second ? 2 : 1};
    struct paths p = {.runtime = (char *)runtime};
    struct heard h = {0};
    uv_loop_t loop;

    uv_loop_init(&loop);
    assert_non_null(file_job_start(&loop, &p, &r, &ev, &h, NULL));
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return h;
}

static void test_guest__listed_renamed_removed(void **state)
{
    auto_free char *runtime = file_path("%s/run", home), *socket = file_path("%s/a/vsock.sock", runtime);
    auto_free char *guest = file_path("%s/guest", home);
    pid_t export;
    struct heard h;

    (void)state;
    assert_int_equal(shell("mkdir -p %s/a %s/etc/deep/er && echo hi > %s/etc/deep/er/file && touch %s/top", runtime, guest,
                           guest, guest), 0);
    export = export_start(socket, guest);
    h = run_job(runtime, FILE_FOLDER, "a:/", NULL);
    assert_ok(-h.err.code, h.err);
    assert_string_equal(h.names, "etc/ top ");
    free(h.names);
    h = run_job(runtime, FILE_RENAME, "a:/top", "bottom");
    assert_ok(-h.err.code, h.err);
    h = run_job(runtime, FILE_REMOVE, "a:/etc/deep", NULL);
    assert_ok(-h.err.code, h.err);
    h = run_job(runtime, FILE_FOLDER, "a:/etc", NULL);
    assert_string_equal(h.names, "../ ");
    free(h.names);
    h = run_job(runtime, FILE_FOLDER, "a:/nowhere", NULL);
    assert_int_equal(h.err.code, ENOENT);
    assert_says(h.err, "a:/nowhere");
    assert_int_equal(shell("cd %s && test -e bottom && test ! -e top && test ! -e etc/deep", guest), 0);
    export_kill(export);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_list__folders_first_and_links_as_what_they_lead_to),
        TEST(test_list__cancelled),
        TEST(test_rename__never_over_another),
        TEST(test_remove__follows_no_link),
        TEST(test_guest__listed_renamed_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
