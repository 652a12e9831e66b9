/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console waits for no disk: what syncs files, sleeps or waits for a process does so in a worker or in a child,
 * whatever the person does.  The C library's functions that wait are taken over by those here, which tell of the
 * console's own thread.
 */
#include "tests/unit/screen.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <sys/syscall.h>

static bool is_console; /* in the process that is: lxtop --surface; its children have other words */

static void tell(const char *what)
{
    void *frame[24];
    int fd;

    if (!is_console || gettid() != getpid())
        return;
    fd = open(getenv("TEST_WAITED"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dprintf(fd, "%s\n", what);
    backtrace_symbols_fd(frame, backtrace(frame, ARRAY_SIZE(frame)), fd);
    close(fd);
}

int fsync(int fd)
{
    tell("fsync");
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    tell("fdatasync");
    return (int)syscall(SYS_fdatasync, fd);
}

int usleep(useconds_t us)
{
    tell("usleep");
    return nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

static void type_and_wait(struct seen *s, const char *keys, const char *text)
{
    seen_type(s, keys);
    seen_wait(s, text);
}

static void test_console__never_waits_for_the_disk(void **state)
{
    static const char *const env[] = {"TERM=xterm-256color", NULL};
    auto_free char *tree = file_path("iG\r%s/tree\r", folder);
    auto_free char *waited = file_path("%s/waited", folder), *told = NULL;
    struct seen s;

    (void)state;
    setenv("TEST_WAITED", waited, 1);
    make_distro("alpine", NULL);
    make_distro("debian", NULL);
    assert_int_equal(shell("truncate -s 1M %s/lxtop/distros/*/root.img", folder), 0);
    seen_begin(&s, env, 24, 120);
    seen_wait(&s, "> alpine");
    type_and_wait(&s, "e\\cpus\r", "Only: cpus");
    type_and_wait(&s, "\r\x15" "3\r", "alpine: cpus is now 3");
    type_and_wait(&s, "qq", "NAME");
    type_and_wait(&s, "o\x15" "cpu disk\r", "NAME");
    type_and_wait(&s, "pone\r", "snapshot");
    type_and_wait(&s, "G", "> debian");
    type_and_wait(&s, "S", "Snapshots of debian");
    type_and_wait(&s, "pone\r", "debian: snapshot create done");
    type_and_wait(&s, "ptwo\r", "two ");
    type_and_wait(&s, "gr", "debian: snapshot restore done");
    type_and_wait(&s, "gdy\r", "debian: snapshot delete done");
    type_and_wait(&s, "gctwin\r", "debian: snapshot clone done");
    type_and_wait(&s, "qG", "> twin");
    type_and_wait(&s, "dy\r", "twin is removed");
    type_and_wait(&s, "R\r", "trash restore done");
    type_and_wait(&s, tree, "with all that is above");
    type_and_wait(&s, "\r", "install done");
    type_and_wait(&s, "gs6", "failed"); /* for want of a kernel, or of KVM */
    if (file_read(waited, 1 << 20, &told, NULL, NULL) == 0)
        fail_msg("the console waited: %.700s", told);
    seen_type(&s, "\x03");
    seen_rest(&s);
    seen_end(&s, STATUS_DONE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        as_lxtop_test(test_console__never_waits_for_the_disk),
    };
    int status;

    is_console = argc == 2 && strcmp(argv[1], "--surface") == 0;
    status = as_lxtop_main(argc, argv);
    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
