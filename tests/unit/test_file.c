/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/file.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

static int set_up(void **state)
{
    char *folder = fixture_folder();

    assert_int_equal(chdir(folder), 0);
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    fixture_leave(*state);
    return 0;
}

static char *read_text(const char *path)
{
    char *text = NULL;
    struct err e = {0};

    assert_ok(file_read(path, 1 << 20, &text, NULL, &e), e);
    return text;
}

static void assert_file(const char *path, const char *expected)
{
    char *text = read_text(path);

    assert_string_equal(text, expected);
    free(text);
}

/* --- reading --- */

static void test_file_read__up_to_max_and_not_more(void **state)
{
    char *text = NULL;
    size_t len = 0;
    struct err e = {0};

    (void)state;
    assert_int_equal(shell("head -c 10000 /dev/zero | tr '\\0' a > f"), 0);
    assert_ok(file_read("f", 10000, &text, &len, &e), e);
    assert_int_equal(len, 10000);
    assert_int_equal(strlen(text), 10000);
    free(text);
    assert_int_equal(file_read("f", 9999, &text, &len, &e), -EFBIG);
    assert_says(e, "read f");
}

static void test_file_read__of_proc_though_its_size_is_zero(void **state)
{
    char *text = read_text("/proc/self/status");

    (void)state;
    assert_non_null(strstr(text, "Pid:"));
    free(text);
}

/* One in the place of a file of a distro's must not hang its boot. */
static void test_file_read__of_a_fifo_does_not_wait_for_its_writer(void **state)
{
    struct err e = {0};
    char *text = NULL;

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(file_read("fifo", 100, &text, NULL, &e), -EINVAL);
    assert_says(e, "no regular file");
}

static void test_file_read__names_what_is_missing(void **state)
{
    char *text = NULL;
    struct err e = {0};

    (void)state;
    assert_int_equal(file_read("no/such", 10, &text, NULL, &e), -ENOENT);
    assert_says(e, "no/such");
    assert_int_equal(file_read(".", 10, &text, NULL, &e), -EISDIR);
    assert_null(text);
}

static void test_file_read_all__a_short_file_is_an_error(void **state)
{
    char bytes[8];
    struct err e = {0};
    int fd;

    (void)state;
    assert_int_equal(shell("printf 1234567 > f"), 0);
    fd = open("f", O_RDONLY | O_CLOEXEC);
    assert_int_equal(file_read_all(fd, bytes, 8, &e), -EIO);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_ok(file_read_all(fd, bytes, 7, &e), e);
    assert_memory_equal(bytes, "1234567", 7);
    close(fd);
}

/* --- atomic writes --- */

static void test_file_write_atomic__replaces_content_and_mode(void **state)
{
    struct stat st;
    struct err e = {0};

    (void)state;
    assert_ok(file_write_atomic("f", "one", 3, 0644, &e), e);
    assert_ok(file_write_atomic("f", "two!", 4, 0600, &e), e);
    assert_file("f", "two!");
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(shell("test $(ls -A | wc -l) = 1"), 0); /* no temporary file is left */
}

static void test_file_write_atomic__failure_leaves_the_old_file_and_no_debris(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(shell("mkdir -p f/full && echo keep > f/full/x"), 0);
    assert_true(file_write_atomic("f", "new", 3, 0644, &e) < 0); /* a folder cannot be replaced */
    assert_says(e, "rename");
    assert_file("f/full/x", "keep\n");
    assert_int_equal(shell("test $(ls -A | wc -l) = 1"), 0);
    assert_int_equal(file_write_atomic("none/f", "new", 3, 0644, &e), -ENOENT);
    assert_says(e, "none/f");
}

static void test_file_write_atomic__replaces_a_link_and_not_its_target(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(shell("echo precious > target && ln -s target f"), 0);
    assert_ok(file_write_atomic("f", "new", 3, 0644, &e), e);
    assert_file("target", "precious\n");
    assert_int_equal(shell("test ! -L f"), 0);
}

/* A reader meanwhile sees one of the two contents whole, a kill -9 leaves one of the two. */
static void test_file_write_atomic__is_never_seen_half(void **state)
{
    char *both[2];
    pid_t pid;

    (void)state;
    for (int i = 0; i < 2; i++) {
        both[i] = malloc(100001);
        memset(both[i], "ab"[i], 100000);
        both[i][100000] = '\0';
    }
    assert_int_equal(file_write_atomic("f", both[0], 100000, 0644, NULL), 0);
    pid = fork();
    if (pid == 0)
        for (int i = 0;; i = !i)
            if (file_write_atomic("f", both[i], 100000, 0644, NULL) < 0)
                _exit(1);
    for (int i = 0; i < 200; i++) {
        char *text = read_text("f");

        assert_true(strcmp(text, both[0]) == 0 || strcmp(text, both[1]) == 0);
        free(text);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    free(both[0]);
    free(both[1]);
}

/* --- locks --- */

static void test_file_lock__excludes_even_the_same_process(void **state)
{
    struct err e = {0};
    int fd = file_lock("lock", &e);

    (void)state;
    assert_true(fd >= 0);
    assert_true(file_is_locked("lock"));
    assert_int_equal(file_lock("lock", &e), -EAGAIN);
    assert_says(e, "lock");
    close(fd);
    assert_false(file_is_locked("lock"));
    fd = file_lock("lock", &e);
    assert_true(fd >= 0);
    close(fd);
}

static void test_file_lock__goes_with_a_killed_owner(void **state)
{
    int pipe_fd[2];
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(pipe_fd), 0);
    pid = fork();
    if (pid == 0) {
        if (file_lock("lock", NULL) < 0 || write(pipe_fd[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    assert_int_equal(read(pipe_fd[0], &byte, 1), 1);
    assert_true(file_is_locked("lock"));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_false(file_is_locked("lock"));
    close(pipe_fd[0]);
    close(pipe_fd[1]);
}

static void test_file_lock__is_inherited_and_kept_by_a_child(void **state)
{
    int fd = file_lock("lock", NULL), pipe_fd[2];
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(pipe_fd), 0);
    pid = fork();
    if (pid == 0) { /* holds the descriptor until its input ends */
        close(pipe_fd[1]);
        _exit(read(pipe_fd[0], &byte, 1) != 0);
    }
    close(fd);
    assert_true(file_is_locked("lock"));
    close(pipe_fd[1]);
    waitpid(pid, NULL, 0);
    assert_false(file_is_locked("lock"));
    close(pipe_fd[0]);
}

static void test_file_lock__does_not_follow_a_link(void **state)
{
    (void)state;
    assert_int_equal(shell("ln -s elsewhere lock"), 0);
    assert_int_equal(file_lock("lock", NULL), -ELOOP);
    assert_false(file_is_locked("lock"));
    assert_int_equal(access("elsewhere", F_OK), -1);
    assert_false(file_is_locked("missing"));
    assert_int_equal(access("missing", F_OK), -1); /* asking creates nothing */
}

/* --- trees --- */

static void test_file_mkdirs__makes_all_with_the_mode(void **state)
{
    struct stat st;
    struct err e = {0};

    (void)state;
    assert_ok(file_mkdirs("a/b/c", 0700, &e), e);
    assert_ok(file_mkdirs("a/b/c", 0700, &e), e);
    assert_int_equal(stat("a/b", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void test_file_mkdirs__a_file_in_the_way_is_an_error(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(shell("echo x > f && ln -s nowhere dangling"), 0);
    assert_int_equal(file_mkdirs("f", 0700, &e), -ENOTDIR);
    assert_says(e, "f");
    assert_int_equal(file_mkdirs("f/below", 0700, &e), -ENOTDIR);
    assert_true(file_mkdirs("dangling", 0700, &e) < 0);
    assert_int_equal(file_mkdirs("", 0700, &e), -ENOENT);
}

static void test_file_mkdirs__a_link_to_a_folder_is_a_folder(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(shell("mkdir real && ln -s real link"), 0);
    assert_ok(file_mkdirs("link/below", 0700, &e), e);
    assert_int_equal(access("real/below", F_OK), 0);
}

static void test_file_remove_tree__never_follows_links(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(shell("mkdir -p tree/deep/er out && echo keep > out/keep && echo keep > keep && "
                           "ln -s ../out tree/folder && ln -s ../../keep tree/deep/file && "
                           "ln -s $PWD/out tree/deep/er/absolute && ln -s . tree/loop && "
                           "ln -s nowhere tree/dangling && mkfifo tree/fifo"), 0);
    assert_ok(file_remove_tree("tree", &e), e);
    assert_int_equal(access("tree", F_OK), -1);
    assert_file("out/keep", "keep\n");
    assert_file("keep", "keep\n");
}

static void test_file_remove_tree__of_a_link_removes_the_link(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(shell("mkdir out && echo keep > out/keep && ln -s out link && ln -s out slash"), 0);
    assert_ok(file_remove_tree("link", &e), e);
    assert_int_equal(shell("test ! -L link"), 0);
    file_remove_tree("slash/", &e); /* may fail, must not reach through */
    assert_file("out/keep", "keep\n");
}

static void test_file_remove_tree__nothing_there_is_no_error(void **state)
{
    struct err e = {0};

    (void)state;
    assert_ok(file_remove_tree("missing", &e), e);
    assert_int_equal(shell("echo x > file"), 0);
    assert_ok(file_remove_tree("file", &e), e);
    assert_int_equal(access("file", F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_file_read__up_to_max_and_not_more),
        TEST(test_file_read__of_proc_though_its_size_is_zero),
        TEST(test_file_read__of_a_fifo_does_not_wait_for_its_writer),
        TEST(test_file_read__names_what_is_missing),
        TEST(test_file_read_all__a_short_file_is_an_error),
        TEST(test_file_write_atomic__replaces_content_and_mode),
        TEST(test_file_write_atomic__failure_leaves_the_old_file_and_no_debris),
        TEST(test_file_write_atomic__replaces_a_link_and_not_its_target),
        TEST(test_file_write_atomic__is_never_seen_half),
        TEST(test_file_lock__excludes_even_the_same_process),
        TEST(test_file_lock__goes_with_a_killed_owner),
        TEST(test_file_lock__is_inherited_and_kept_by_a_child),
        TEST(test_file_lock__does_not_follow_a_link),
        TEST(test_file_mkdirs__makes_all_with_the_mode),
        TEST(test_file_mkdirs__a_file_in_the_way_is_an_error),
        TEST(test_file_mkdirs__a_link_to_a_folder_is_a_folder),
        TEST(test_file_remove_tree__never_follows_links),
        TEST(test_file_remove_tree__of_a_link_removes_the_link),
        TEST(test_file_remove_tree__nothing_there_is_no_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
