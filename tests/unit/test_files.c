/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ls, cat, cp, mount and unmount, as a person types them, against a folder that acts as a guest. */
#include "core/guest.h"
#include "tests/unit/as_lxtop.h"
#include "tests/unit/fake_export.h"
#include "tests/unit/fake_machine.h"
#include "tests/unit/screen.h"

static struct fake_machine machine;
static pid_t export;

static int set_up_guest(void **state)
{
    auto_free char *path = NULL, *guest = NULL;

    set_up(state);
    make_distro("a", NULL);
    fake_start(&machine, folder, "a");
    path = file_path("%s/lxtop/a/vsock.sock", folder);
    guest = file_path("%s/guest", folder);
    assert_int_equal(shell("mkdir -p %s/etc/x %s/usr/bin && cd %s && ln -s usr/bin bin && ln -s /etc abs && "
                           "echo hello > etc/motd && echo low > usr/bin/low && ln -s ../../etc/motd usr/bin/up && "
                           "ln -s loop loop", guest, guest, guest), 0);
    export = export_start(path, guest);
    return 0;
}

static int tear_down_guest(void **state)
{
    if (export)
        export_kill(export);
    export = 0;
    shell("fusermount3 -q -u -z %s/mnt 2>/dev/null", folder);
    fake_clean(&machine);
    return tear_down(state);
}

/* Exit status; what it said is compared where `says` is given: all of it, or a part that ends in '*'. */
static int __attribute__((format(printf, 2, 3))) run(const char *says, const char *fmt, ...)
{
    auto_free char *text = NULL;
    char verb[4096];
    int status;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(verb, sizeof(verb), fmt, ap);
    va_end(ap);
    text = run_verb("", verb, &status);
    if (says && *says && says[strlen(says) - 1] == '*') {
        if (strncmp(text, says, strlen(says) - 1) != 0)
            fail_msg("\"%s\" is not \"%s\"", text, says);
    } else if (says) {
        assert_string_equal(text, says);
    }
    return status;
}

#define in_guest(command) shell("cd %s/guest && " command, folder)

static void test_guest_path__what_names_a_distro(void **state)
{
    char distro[GUEST_NAME_SIZE];
    const char *path;

    (void)state;
    assert_true(guest_path("a:/x/y:z", distro, &path));
    assert_string_equal(distro, "a");
    assert_string_equal(path, "/x/y:z");
    assert_true(guest_path("a:", distro, &path));
    assert_string_equal(path, "/");
    assert_false(guest_path("./a:/x", distro, &path));
    assert_false(guest_path("a:x", distro, &path));
    assert_false(guest_path(":/x", distro, &path));
    assert_false(guest_path("a", distro, &path));
}

static void test_ls__folders_files_and_links_as_the_guest_sees_them(void **state)
{
    (void)state;
    assert_int_equal(run("abs\nbin\netc\nloop\nusr\n", "ls a:/"), 0);
    assert_int_equal(run("low\nup\n", "ls a:/bin"), 0);
    assert_int_equal(run("motd\nx\n", "ls a:/abs/../abs/"), 0);
    assert_int_equal(run("/etc/motd\n", "ls a:/etc/motd"), 0);
    assert_int_equal(run("lxtop: a:/loop: Too many*", "ls a:/loop"), STATUS_FAILED);
    assert_int_equal(run("lxtop: a:/no: No such file or directory\n", "ls a:/no"), STATUS_FAILED);
    assert_int_equal(run("-0644*", "ls --long a:/etc/motd"), 0);
    assert_int_equal(run("-0644*", "ls -l a:/etc/motd"), 0);
    assert_int_equal(run(NULL, "ls b:/"), STATUS_NO_DISTRO);
    assert_int_equal(run(NULL, "ls nothing"), STATUS_USAGE);
}

static void test_ls__as_a_user_of_the_guest(void **state)
{
    (void)state;
    assert_int_equal(run("lxtop: a has no user 'x'; give another*", "ls --user x a:/"), STATUS_FAILED);
    assert_int_equal(run("low\nup\n", "ls --user 12 a:/bin"), 0);
    assert_int_equal(in_guest("echo x:x:1:2::/: > etc/passwd"), 0);
    assert_int_equal(run("low\nup\n", "ls --user x a:/bin"), 0);
    assert_int_equal(run(NULL, "ls a:/ --user"), STATUS_USAGE);
    assert_int_equal(run(NULL, "ls a:/ --memory 1"), STATUS_USAGE);
    assert_int_equal(shell("echo 'user = \"y\";' >> %s/lxtop/distros/a/distro.conf", folder), 0);
    assert_int_equal(run("lxtop: a has no user 'y'*", "cat a:/etc/motd"), STATUS_FAILED);
    assert_int_equal(run("hello\n", "cat --user root a:/etc/motd"), 0);
}

/* Links of the guest lead through the guest, whatever is at the same path of this machine. */
static void test_cat__follows_links_in_the_guest_alone(void **state)
{
    (void)state;
    assert_int_equal(run("hello\nlow\n", "cat a:/bin/up a:/usr/bin/low"), 0);
    assert_int_equal(shell("echo secret > %s/out; ln -sf %s/out %s/guest/out", folder, folder, folder), 0);
    assert_int_equal(run("lxtop: a:/out: No such file or directory\n", "cat a:/out"), STATUS_FAILED);
    assert_int_equal(run("lxtop: a:/etc: Is a directory\n", "cat a:/etc"), STATUS_FAILED);
}

static void test_cp__both_ways_bytes_modes_and_times(void **state)
{
    (void)state;
    assert_int_equal(shell("cd %s && head -c 9000000 /dev/urandom > big && chmod 750 big && "
                           "touch -d '2001-02-03 04:05:06.123456789' big", folder), 0);
    assert_int_equal(run(NULL, "cp -p %s/big a:/etc", folder), 0);
    assert_int_equal(run(NULL, "cp -p a:/etc/big %s/back", folder), 0);
    assert_int_equal(shell("cd %s && cmp big back && cmp big guest/etc/big && "
                           "[ \"$(stat -c %%a.%%y big)\" = \"$(stat -c %%a.%%y back)\" ]", folder), 0);
    assert_int_equal(run(NULL, "cp a:/etc/motd a:/etc/big %s/tree", folder), 0);
    assert_int_equal(shell("cd %s/tree && grep -q hello motd && cmp ../big big", folder), 0);
}

static void test_cp__trees_with_links_and_holes(void **state)
{
    (void)state;
    assert_int_equal(in_guest("truncate -s 40M usr/sparse && printf x >> usr/sparse && mkfifo usr/fifo && "
                              "chmod 1700 usr/bin"), 0);
    assert_int_equal(run("a: left out, as it is no regular file, folder or link: fifo\n", "cp -r a:/usr %s/copy", folder), 0);
    assert_int_equal(shell("cd %s && [ $(readlink copy/bin/up) = ../../etc/motd ] && cmp copy/sparse guest/usr/sparse && "
                           "[ $(stat -c %%b copy/sparse) -lt 1000 ] && [ $(stat -c %%a copy/bin) = 700 ] && "
                           "[ $(stat -c %%Y copy/bin) = $(stat -c %%Y guest/usr/bin) ]", folder), 0);
    assert_int_equal(run(NULL, "cp -r %s/copy a:/etc/x", folder), 0);
    assert_int_equal(in_guest("[ $(readlink etc/x/copy/bin/up) = ../../etc/motd ] && cmp etc/x/copy/sparse usr/sparse"), 0);
    assert_int_equal(in_guest("truncate -s 300G usr/huge && printf y | dd of=usr/huge conv=notrunc bs=1 seek=200G status=none"), 0);
    assert_int_equal(run(NULL, "cp a:/usr/huge %s/huge", folder), 0);
    assert_int_equal(run(NULL, "cp %s/huge a:/huge", folder), 0);
    assert_int_equal(in_guest("rm usr/huge; [ $(stat -c %%s.%%b huge ../huge | sort -u | wc -l) = 1 ] && [ $(stat -c %%s huge) = 322122547200 ] && "
                              "dd if=../huge bs=1 skip=200G count=2 status=none | od -c | grep -q 'y  .0'"), 0);
    assert_int_equal(run("lxtop: a:/usr is a folder; -r copies folders\n", "cp a:/usr %s/y", folder), STATUS_FAILED);
}

/* An error leaves what was there, and no part of a file. */
static void test_cp__an_error_leaves_nothing_half(void **state)
{
    (void)state;
    assert_int_equal(shell("cd %s && echo old > guest/etc/big && mkdir guest/etc/y", folder), 0);
    assert_int_equal(run("lxtop: /no/such: No such file or directory\n", "cp /no/such a:/etc/big"), STATUS_FAILED);
    assert_int_equal(run("lxtop: a:/none/x: No such file or directory\n", "cp a:/etc/motd a:/none/x"), STATUS_FAILED);
    assert_int_equal(run(NULL, "cp %s/tree/sbin/init b:/x", folder), STATUS_NO_DISTRO);
    assert_int_equal(run(NULL, "cp %s/tree/sbin/init %s/x", folder, folder), STATUS_USAGE);
    assert_int_equal(shell("head -c 3000000 /dev/urandom > %s/guest/huge", folder), 0);
    assert_int_equal(shell("ulimit -f 1000; trap '' XFSZ; '%s' cp a:/huge %s/small 2>%s/said", getenv("TEST_SELF"), folder, folder), 1);
    assert_int_equal(shell("grep -q 'write small: File too large' %s/said", folder), 0);
    assert_int_equal(shell("cd %s && [ ! -e small ] && ! ls -a | grep lxtop-cp && ! ls -aR guest | grep lxtop-cp && "
                           "grep -q old guest/etc/big", folder), 0);
}

/* As root, a copy onto /dev/null would be its end. */
static void test_cp__takes_the_place_of_files_alone(void **state)
{
    (void)state;
    assert_int_equal(shell("mkfifo %s/fifo %s/guest/fifo && ln -s fifo %s/guest/link", folder, folder, folder), 0);
    assert_int_equal(run(NULL, "cp a:/etc/motd %s/fifo", folder), STATUS_FAILED);
    assert_int_equal(run("lxtop: a:/fifo is no regular file and stays as it is; *", "cp %s/tree/sbin/init a:/fifo", folder), STATUS_FAILED);
    assert_int_equal(run("lxtop: a:/link is no regular file*", "cp -r %s/tree/sbin/init a:/link", folder), STATUS_FAILED);
    assert_int_equal(shell("cd %s && [ -p fifo ] && [ -p guest/fifo ] && [ -h guest/link ]", folder), 0);
    assert_int_equal(run(NULL, "cp a:/etc/motd %s/tree/sbin/init", folder), 0);
    assert_int_equal(shell("grep -q hello %s/tree/sbin/init", folder), 0);
}

/* Text mode takes the same verbs; what it cannot parse is said and no more. */
static void test_text_mode__has_the_verbs_of_files(void **state)
{
    auto_free char *text = NULL;
    int status;

    (void)state;
    text = run_verb("ls a:/bin\ncat a:/bin/up\ncp a:/x\nq\n", "--text", &status);
    assert_non_null(strstr(text, "low\nup\n"));
    assert_non_null(strstr(text, "hello\n"));
    assert_non_null(strstr(text, "error: TARGET is missing; usage: lxtop cp"));
}

/* Before anything else is done, and also where nothing can be mounted. */
static void test_mount__judges_the_folder_first(void **state)
{
    (void)state;
    assert_int_equal(shell("'%s' mount a %s/none 2>&1 | grep -q 'none: No such file or directory'",
                           getenv("TEST_SELF"), folder), 0);
    assert_int_equal(shell("touch %s/plain", folder), 0);
    assert_int_equal(shell("'%s' mount a %s/plain 2>&1 | grep -q 'plain is not a folder'",
                           getenv("TEST_SELF"), folder), 0);
}

static bool is_mounted(void)
{
    return shell("grep -q ' %s/mnt fuse.lxtop ' /proc/self/mounts", folder) == 0;
}

static void need_fuse(void)
{
    if (access("/dev/fuse", R_OK | W_OK) < 0)
        skip();
}

static void test_mount__is_there_when_the_verb_ends_and_gone_after_unmount(void **state)
{
    (void)state;
    need_fuse();
    assert_int_equal(shell("mkdir %s/mnt", folder), 0);
    assert_int_equal(run("a is mounted; it took .\n", "mount a %s/mnt", folder), 0);
    assert_true(is_mounted());
    assert_int_equal(run(NULL, "mount a %s/mnt/", folder), STATUS_FAILED);
    assert_int_equal(shell("'%s' mount a %s/mnt/ 2>&1 | grep -q 'mnt/ shows a already'", getenv("TEST_SELF"), folder), 0);
    assert_int_equal(shell("cd %s && grep -q hello mnt/etc/motd && echo new > mnt/etc/new && grep -q new guest/etc/new", folder), 0);
    assert_int_equal(run("", "unmount %s/mnt/", folder), 0);
    assert_false(is_mounted());
    assert_int_equal(run("lxtop: no distro is mounted*", "unmount %s/mnt", folder), STATUS_FAILED);
    assert_int_equal(run("lxtop: *", "mount a %s/none", folder), STATUS_FAILED);
}

/* The guest is killed under a mount in use: errors at once, and unmounting by name works. */
static void test_mount__guest_killed(void **state)
{
    (void)state;
    need_fuse();
    assert_int_equal(shell("mkdir %s/mnt", folder), 0);
    assert_int_equal(run(NULL, "mount a %s/mnt", folder), 0);
    assert_int_equal(shell("exec 5> %s/mnt/etc/motd; kill -9 -%d; "
                           "! timeout 5 sh -c 'echo x >&5' 2>/dev/null && ! timeout 5 ls %s/mnt/usr 2>/dev/null && "
                           "! timeout 5 touch %s/mnt/x 2>/dev/null", folder, export, folder, folder), 0);
    assert_int_equal(run("", "unmount a"), 0);
    assert_false(is_mounted());
}

/* Its server alone ends, and another comes: names work, what was open is lost and says so. */
static void test_mount__another_server_of_the_same_files(void **state)
{
    auto_free char *path = file_path("%s/lxtop/a/vsock.sock", folder);
    auto_free char *guest = file_path("%s/guest", folder);

    (void)state;
    need_fuse();
    assert_int_equal(shell("mkdir %s/mnt", folder), 0);
    assert_int_equal(run(NULL, "mount a %s/mnt", folder), 0);
    assert_int_equal(shell("(cd %s/mnt/etc && exec 5> opened && echo x >&5 && touch ../../up && "
                           "for i in $(seq 4000); do [ -e ../../again ] && break; sleep 0.05; done; "
                           "cat motd > ../../read; ! echo y >&5 2>/dev/null && echo z > new && touch ../../done) "
                           "> /dev/null 2>&1 & for i in $(seq 4000); do [ -e %s/up ] && exit 0; sleep 0.05; done; exit 1",
                           folder, folder), 0);
    export_kill(export);
    unlink(path);
    export = export_start(path, guest);
    assert_int_equal(shell("cd %s; touch again; for i in $(seq 4000); do [ -e done ] && break; sleep 0.05; done; "
                           "[ -e done ] && grep -q hello read && grep -q z guest/etc/new", folder), 0);
    assert_int_equal(run("", "unmount a"), 0);
}

/* The view is the same person as the verbs: the one of the distro's own setting. */
static void test_files_view__acts_as_the_distros_user(void **state)
{
    static const char *const env[] = {"TERM=xterm-256color", NULL};
    struct seen s;

    (void)state;
    assert_int_equal(shell("echo 'user = \"carol\";' >> %s/lxtop/distros/a/distro.conf", folder), 0);
    seen_begin(&s, env, 24, 80);
    seen_wait(&s, "running");
    seen_type(&s, "b");
    seen_wait(&s, "no user 'carol'");
    assert_int_equal(in_guest("echo carol:x:1000:1000::/:/bin/sh > etc/passwd"), 0);
    seen_type(&s, "R");
    seen_wait(&s, "etc/");
    seen_type(&s, "qq");
    seen_rest(&s);
    seen_end(&s, STATUS_DONE);
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up_guest, tear_down_guest)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest_path__what_names_a_distro),
        test(test_ls__folders_files_and_links_as_the_guest_sees_them),
        test(test_ls__as_a_user_of_the_guest),
        test(test_cat__follows_links_in_the_guest_alone),
        test(test_cp__both_ways_bytes_modes_and_times),
        test(test_cp__trees_with_links_and_holes),
        test(test_cp__an_error_leaves_nothing_half),
        test(test_cp__takes_the_place_of_files_alone),
        test(test_text_mode__has_the_verbs_of_files),
        test(test_files_view__acts_as_the_distros_user),
        test(test_mount__judges_the_folder_first),
        test(test_mount__is_there_when_the_verb_ends_and_gone_after_unmount),
        test(test_mount__guest_killed),
        test(test_mount__another_server_of_the_same_files),
    };
    int status = as_lxtop_main(argc, argv);

    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
