/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/store.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "core/base/auto.h"

struct world {
    char *folder;
    struct paths paths;
    struct options options;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_enter();
    assert_non_null(w->paths.data = file_path("%s/data", w->folder));
    options_init(&w->options);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    options_release(&w->options);
    paths_release(&w->paths);
    fixture_leave(w->folder);
    free(w);
    return 0;
}

static void begin(struct world *w, const char *name, struct store_new *n)
{
    struct err e = {0};
    auto_free char *disk = NULL;

    assert_ok(store_begin(&w->paths, name, n, &e), e);
    disk = file_path("%s/root.img", n->folder);
    assert_int_equal(file_write_atomic(disk, "disk", 4, 0600, NULL), 0);
}

static void install(struct world *w, const char *name)
{
    struct store_new n;
    struct err e = {0};

    begin(w, name, &n);
    assert_ok(store_commit(&w->paths, &n, "some.tar", "raw", &w->options, &e), e);
    store_abort(&n); /* harmless after a commit */
}

/* The names, "installing" ones in brackets, one space between. */
static void assert_listed(struct world *w, const char *expected)
{
    char text[512] = "";
    auto_free struct store_name *list = NULL;
    unsigned count;
    struct err e = {0};

    assert_ok(store_list(&w->paths, &list, &count, &e), e);
    for (unsigned i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), list[i].installing ? "%s[%s]" : "%s%s",
                 i ? " " : "", list[i].name);
    assert_string_equal(text, expected);
}

/* --- names --- */

static void test_distro_name_check__is_a_host_name_and_a_folder(void **state)
{
    static const char *const good[] = {"a", "debian", "debian-12", "a1", "x--y",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"};
    static const char *const bad[] = {"", "A", "1a", "-a", "a-", "a b", "a/b", "..", ".", "a.b", "a_b",
        "a\n", "\303\244", "\351", "a\351", "-", ".new-a",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct err e = {0};

        assert_ok(distro_name_check(good[i], &e), e);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err e = {0};

        assert_int_equal(distro_name_check(bad[i], &e), -EINVAL);
        assert_says(e, "use a-z, 0-9 and '-', a letter first, no '-' at the end, at most 63");
    }
}

static void test_store_suggest_name__is_valid_and_free(void **state)
{
    static const struct {
        const char *source, *name;
    } cases[] = {
        {"busybox", "busybox"},
        {"/a/Debian_12.tar.xz", "debian-12"},
        {"alpine-3.20-rootfs.tar.gz", "alpine-3-20"},
        {"Ubuntu.wsl", "ubuntu"},
        {"some/folder///", "folder"},
        {"/", "distro"},
        {"", "distro"},
        {"...", "distro"},
        {"123.tar", "distro"},
        {".tar", "tar"},
        {"\303\244\303\266.tar", "distro"},
        {"9lives--- \t!.tgz", "lives"},
    };
    struct world *w = *state;
    char big[400];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        auto_free char *name = store_suggest_name(&w->paths, cases[i].source);

        assert_string_equal(name, cases[i].name);
    }
    memset(big, 'q', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        auto_free char *name = store_suggest_name(&w->paths, big);

        assert_int_equal(distro_name_check(name, NULL), 0);
        install(w, name);
    }
    install(w, "debian-12");
    install(w, "debian-12-2");
    {
        auto_free char *name = store_suggest_name(&w->paths, "Debian_12.tar.xz");

        assert_string_equal(name, "debian-12-3");
    }
}

/* --- installs --- */

static void test_store_commit__makes_a_distro_that_loads(void **state)
{
    struct world *w = *state;
    time_t before = time(NULL);
    struct distro d;
    struct err e = {0};

    assert_int_equal(options_set(&w->options, "memory", "1G", ORIGIN_COMMAND, NULL), 0);
    install(w, "d");
    assert_int_equal(options_set(&w->options, "memory", "2G", ORIGIN_CONF, NULL), 0);
    assert_ok(store_load(&w->paths, &w->options, "d", &d, &e), e);
    assert_string_equal(d.name, "d");
    assert_string_equal(d.source, "some.tar");
    assert_string_equal(d.disk_format, "raw");
    assert_true(d.installed >= before && d.installed <= time(NULL));
    assert_int_equal(options_number(&d.options, OPT_MEMORY), 1 << 30); /* its own beats lxtop.conf */
    assert_int_equal(access(d.disk, R_OK), 0);
    distro_release(&d);
    assert_int_equal(shell("test \"$(ls -A data/distros/d | tr '\\n' ' ')\" = 'distro.conf root.img '"), 0);
}

static void test_store_begin__is_seen_as_installing_and_leaves_nothing_when_aborted(void **state)
{
    struct world *w = *state;
    struct store_new n;

    install(w, "a");
    begin(w, "b", &n);
    assert_listed(w, "a [b]");
    store_abort(&n);
    store_abort(&n);
    assert_listed(w, "a");
    assert_int_equal(shell("test \"$(ls -A data/distros)\" = a"), 0);
}

static void test_store_begin__one_name_one_install(void **state)
{
    struct world *w = *state;
    struct store_new n, second;
    struct err e = {0};

    begin(w, "d", &n);
    assert_int_equal(store_begin(&w->paths, "d", &second, &e), -EEXIST);
    assert_says(e, "'d' is being installed already");
    assert_ok(store_commit(&w->paths, &n, "s", "raw", &w->options, &e), e);
    assert_int_equal(store_begin(&w->paths, "d", &second, &e), -EEXIST);
    assert_says(e, "give another name with --name");
    assert_int_equal(store_begin(&w->paths, "../d", &second, &e), -EINVAL);
    assert_int_equal(shell("test \"$(ls -A data/distros)\" = d"), 0);
}

/* Somebody made the name by hand meanwhile: the commit fails, what is there stays. */
static void test_store_commit__replaces_nothing(void **state)
{
    struct world *w = *state;
    struct store_new n;
    struct err e = {0};

    begin(w, "d", &n);
    assert_int_equal(shell("mkdir data/distros/d"), 0); /* empty: rename(2) alone would replace it */
    assert_int_equal(store_commit(&w->paths, &n, "s", "raw", &w->options, &e), -EEXIST);
    store_abort(&n);
    assert_int_equal(shell("test -z \"$(ls -A data/distros/d)\" && test \"$(ls -A data/distros)\" = d"), 0);
}

/* A process that has begun and is killed. */
static void die_while_installing(struct world *w, const char *name)
{
    int pipe_fd[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(pipe_fd), 0);
    pid = fork();
    if (pid == 0) {
        struct store_new n;

        begin(w, name, &n);
        if (write(pipe_fd[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(pipe_fd[0], &byte, 1), 1);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void test_store__an_install_killed_is_debris(void **state)
{
    struct world *w = *state;

    install(w, "a");
    die_while_installing(w, "d");
    assert_int_equal(shell("test -e data/distros/.new-d/root.img"), 0);
    assert_listed(w, "a");
    install(w, "d"); /* the name is not blocked by it */
    assert_listed(w, "a d");
}

static void test_store_sweep__removes_debris_and_nothing_else(void **state)
{
    struct world *w = *state;
    struct store_new n;

    install(w, "a");
    begin(w, "live", &n);
    die_while_installing(w, "dead");
    assert_int_equal(shell("cd data/distros && mkdir -p .old-x-123456/deep keep .new-empty && "
                           "ln -s ../../data .old-link-123456 && echo x > .new-file && touch .hidden"), 0);
    store_sweep(&w->paths);
    assert_int_equal(shell("test \"$(ls -A data/distros | LC_ALL=C sort | tr '\\n' ' ')\" = "
                           "'.hidden .new-file .new-live a keep '"), 0);
    assert_listed(w, "a keep [live]");
    store_abort(&n);
    paths_release(&w->paths);
    assert_non_null(w->paths.data = strdup("/nonexistent"));
    store_sweep(&w->paths); /* no folder yet: nothing to do */
}

/* Installs of one name that begin and give up, against each other and a sweep: who has it, has it alone. */
static void contend(struct world *w, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        auto_free char *disk = NULL;
        struct store_new n;
        int fd;

        store_sweep(&w->paths);
        if (store_begin(&w->paths, "d", &n, NULL) < 0)
            continue;
        disk = file_path("%s/root.img", n.folder);
        fd = open(disk, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0 || close(fd) < 0 || access(disk, F_OK) < 0)
            _exit(1);
        store_abort(&n);
    }
}

static void test_store_begin__two_writers_never_share_a_folder(void **state)
{
    pid_t pid[4];
    int status, bad = 0;

    for (size_t i = 0; i < ARRAY_SIZE(pid); i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            contend(*state, 300);
            _exit(0);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(pid); i++) {
        waitpid(pid[i], &status, 0);
        bad |= status;
    }
    assert_int_equal(bad, 0);
    assert_int_equal(shell("test -z \"$(ls -A data/distros)\""), 0);
}

/* --- reading --- */

static void test_store_list__sorts_and_passes_over_what_is_no_distro(void **state)
{
    struct world *w = *state;

    assert_listed(w, ""); /* not even the folder is there */
    install(w, "c");
    install(w, "a");
    install(w, "b");
    assert_int_equal(shell("cd data/distros && mkdir Upper .dot a_b lost+found"), 0);
    assert_listed(w, "a b c");
}

static void test_store_load__names_what_is_missing(void **state)
{
    static const char *const names[] = {"none", "..", "../distros/a", "", "."};
    struct world *w = *state;
    struct distro d;

    install(w, "a");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct err e = {0};

        assert_int_equal(store_load(&w->paths, &w->options, names[i], &d, &e), -ENOENT);
        assert_says(e, "`lxtop list` shows them");
    }
}

static void test_store__a_broken_settings_file_is_told_and_kept(void **state)
{
    struct world *w = *state;
    struct distro d;
    struct err e = {0};

    install(w, "d");
    assert_int_equal(shell("cp data/distros/d/distro.conf good && "
                           "echo 'memory = \"1G' >> data/distros/d/distro.conf && cp data/distros/d/distro.conf bad"), 0);
    assert_listed(w, "d");
    assert_ok(store_load(&w->paths, &w->options, "d", &d, &e), e);
    assert_int_equal(options_number(&d.options, OPT_MEMORY), 512 << 20);
    assert_string_equal(d.disk_format, "raw");
    assert_non_null(d.warning);
    assert_non_null(strstr(d.warning, "/d/distro.conf:"));
    distro_release(&d);
    /* Written anew it would lose what a person could still put right. */
    assert_int_equal(store_set(&w->paths, "d", "cpus", "4", &e), -EINVAL);
    assert_says(e, "distro.conf:");
    assert_int_equal(shell("cmp bad data/distros/d/distro.conf"), 0);
    assert_int_equal(shell("cp good data/distros/d/distro.conf"), 0);
    assert_ok(store_set(&w->paths, "d", "cpus", "4", &e), e);
}

static void test_store_set__begins_anew_what_is_gone(void **state)
{
    struct world *w = *state;
    struct distro d;
    struct err e = {0};

    install(w, "d");
    assert_int_equal(shell("rm data/distros/d/distro.conf"), 0);
    assert_int_equal(store_check(&w->paths, "d", &e), -ENOENT);
    assert_ok(store_set(&w->paths, "d", "shares", "none", &e), e);
    assert_ok(store_check(&w->paths, "d", &e), e);
    assert_ok(store_load(&w->paths, &w->options, "d", &d, &e), e);
    assert_string_equal(options_text(&d.options, OPT_SHARES), "none");
    distro_release(&d);
}

/* What another one is about would be lost when it is written, and the default in its place. */
static void test_store_set__rights_the_row_that_is_wrong_alone(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    install(w, "d");
    assert_int_equal(shell("echo 'shares = \"nnoe\";' >> data/distros/d/distro.conf"), 0);
    assert_int_equal(store_set(&w->paths, "d", "cpus", "4", &e), -EINVAL);
    assert_says(e, "repair it there, or by `lxtop set d`");
    assert_int_equal(shell("grep -q nnoe data/distros/d/distro.conf"), 0);
    assert_ok(store_set(&w->paths, "d", "shares", "none", &e), e);
    assert_ok(store_check(&w->paths, "d", &e), e);
}

static void test_store_load__says_which_was_meant(void **state)
{
    struct world *w = *state;
    struct distro d;
    struct err e = {0};

    install(w, "debian");
    assert_int_equal(store_load(&w->paths, &w->options, "debain", &d, &e), -ENOENT);
    assert_says(e, "there is no distro named 'debain'; did you mean 'debian'? `lxtop list` shows them");
    assert_int_equal(store_load(&w->paths, &w->options, "fedora", &d, &e), -ENOENT);
    assert_says(e, "there is no distro named 'fedora'; `lxtop list` shows them");
}

static void test_store_set__changes_one_setting(void **state)
{
    struct world *w = *state;
    struct distro d;
    struct err e = {0};

    install(w, "d");
    assert_ok(store_set(&w->paths, "d", "memory", "1G", &e), e);
    assert_ok(store_set(&w->paths, "d", "cpus", "3", &e), e);
    assert_int_equal(store_set(&w->paths, "d", "cpus", "99", &e), -EINVAL);
    assert_int_equal(store_set(&w->paths, "none", "cpus", "1", &e), -ENOENT);
    assert_ok(store_load(&w->paths, &w->options, "d", &d, &e), e);
    assert_int_equal(options_number(&d.options, OPT_MEMORY), 1 << 30);
    assert_int_equal(options_number(&d.options, OPT_CPUS), 3);
    assert_int_equal(d.options.value[OPT_KERNEL].origin, ORIGIN_DEFAULT); /* what was not set follows lxtop.conf */
    assert_string_equal(d.source, "some.tar");
    assert_true(d.installed > 0);
    assert_null(d.warning);
    distro_release(&d);
}

/* --- removal --- */

static void test_store_remove__takes_all_and_only_that(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    install(w, "a");
    install(w, "b");
    assert_int_equal(shell("echo keep > out && ln -s ../../../out data/distros/a/link"), 0);
    assert_ok(store_remove(&w->paths, "a", &e), e);
    assert_int_equal(shell("test \"$(ls -A data/distros)\" = b && grep -q keep out"), 0);
    assert_int_equal(store_remove(&w->paths, "a", &e), -ENOENT);
    assert_int_equal(store_remove(&w->paths, "../distros/b", &e), -ENOENT);
    assert_int_equal(store_remove(&w->paths, "", &e), -ENOENT);
    assert_listed(w, "b");
    install(w, "a");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_distro_name_check__is_a_host_name_and_a_folder),
        TEST(test_store_suggest_name__is_valid_and_free),
        TEST(test_store_commit__makes_a_distro_that_loads),
        TEST(test_store_begin__is_seen_as_installing_and_leaves_nothing_when_aborted),
        TEST(test_store_begin__one_name_one_install),
        TEST(test_store_commit__replaces_nothing),
        TEST(test_store__an_install_killed_is_debris),
        TEST(test_store_sweep__removes_debris_and_nothing_else),
        TEST(test_store_begin__two_writers_never_share_a_folder),
        TEST(test_store_list__sorts_and_passes_over_what_is_no_distro),
        TEST(test_store_load__names_what_is_missing),
        TEST(test_store_load__says_which_was_meant),
        TEST(test_store_set__begins_anew_what_is_gone),
        TEST(test_store_set__rights_the_row_that_is_wrong_alone),
        TEST(test_store__a_broken_settings_file_is_told_and_kept),
        TEST(test_store_set__changes_one_setting),
        TEST(test_store_remove__takes_all_and_only_that),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
