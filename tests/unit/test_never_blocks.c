/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console waits for no disk: what syncs files, sleeps or waits for a process does so in a worker or in a child,
 * whatever the person does.  The C library's functions that wait are taken over by those here, which tell of the
 * console's own thread; and a disk that hangs is made of those that open and ask for files: with a path that begins as
 * TEST_HANGS_ON does they do not return while the file of TEST_HANGS is there.
 */
#include "tests/unit/fake_machine.h"
#include "tests/unit/screen.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <stdarg.h>
#include <sys/statvfs.h>
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

/* --- a disk that hangs --- */

static void hang(const char *path)
{
    const char *hangs = getenv("TEST_HANGS"), *on = getenv("TEST_HANGS_ON");

    if (!is_console || !hangs || !on || strncmp(path, on, strlen(on)) != 0)
        return;
    while (syscall(SYS_access, hangs, F_OK) == 0)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* That of the C library itself. */
#define REAL(f) ((__typeof__(&(f)))dlsym(RTLD_NEXT, #f))

int stat(const char *path, struct stat *st)
{
    hang(path);
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

int access(const char *path, int mode)
{
    hang(path);
    if (is_console && strcmp(path, "/run/systemd/system") == 0)
        return 0; /* so that a login can be arranged */
    return (int)syscall(SYS_access, path, mode);
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    mode_t mode;

    va_start(ap, flags);
    mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    hang(path);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

DIR *opendir(const char *path)
{
    hang(path);
    return REAL(opendir)(path);
}

int statvfs(const char *path, struct statvfs *v)
{
    hang(path);
    return REAL(statvfs)(path, v);
}

FILE *fopen(const char *path, const char *mode)
{
    hang(path);
    return REAL(fopen)(path, mode);
}

/* --- what the terminal is asked --- */

static unsigned long reads;

ssize_t read(int fd, void *to, size_t size)
{
    reads += is_console && fd == STDIN_FILENO;
    return syscall(SYS_read, fd, to, size);
}

static void tell_reads(void)
{
    const char *path = getenv("TEST_READS");
    FILE *f = path ? fopen(path, "w") : NULL;

    if (!f)
        return;
    fprintf(f, "%lu", reads);
    fclose(f);
}

/* --- the console --- */

static void type_and_wait(struct seen *s, const char *keys, const char *text)
{
    seen_type(s, keys);
    seen_wait(s, text);
}

static struct fake_machine machine;

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
    make_distro("running", NULL);
    assert_int_equal(shell("truncate -s 1M %s/lxtop/distros/*/root.img", folder), 0);
    assert_int_equal(shell("echo 'defaults: { policy = \"login\"; };' > %s/lxtop/lxtop.conf", folder), 0);
    fake_start(&machine, folder, "running");
    seen_begin(&s, env, 24, 120);
    seen_wait(&s, "> alpine");
    type_and_wait(&s, "e", "cpus ");
    type_and_wait(&s, "\\cpus\r", "Only: cpus");
    type_and_wait(&s, "\r\x15" "3\r", "alpine: cpus is now 3");
    type_and_wait(&s, "qq", "NAME");
    type_and_wait(&s, "o\x15" "cpu disk\r", "NAME");
    type_and_wait(&s, "pone\r", "snapshot");
    type_and_wait(&s, "G", "> running");
    type_and_wait(&s, "Splive\r", "running: snapshot create done");
    type_and_wait(&s, "qk", "> debian");
    type_and_wait(&s, "S", "Snapshots of debian");
    type_and_wait(&s, "pone\r", "debian: snapshot create done");
    type_and_wait(&s, "ptwo\r", "two ");
    seen_wait(&s, "debian: snapshot create done");
    type_and_wait(&s, "gr", "debian: snapshot restore done");
    type_and_wait(&s, "gdy\r", "debian: snapshot delete done");
    type_and_wait(&s, "gctwin\r", "debian: snapshot clone done");
    type_and_wait(&s, "qG", "> twin");
    type_and_wait(&s, "dy\r", "twin is removed");
    type_and_wait(&s, "R\r", "trash restore done");
    type_and_wait(&s, tree, "with all that is above");
    type_and_wait(&s, "\r", "install done");
    assert_int_equal(shell("test -L %s/systemd/user/default.target.wants/lxtop@tree.service", folder), 0);
    type_and_wait(&s, "gs6", "failed"); /* for want of a kernel, or of KVM */
    if (file_read(waited, 1 << 20, &told, NULL, NULL) == 0)
        fail_msg("the console waited: %.700s", told);
    seen_type(&s, "\x03");
    seen_rest(&s);
    seen_end(&s, STATUS_DONE);
    free(fake_end(&machine));
}

static char *hang_disk(struct seen *s)
{
    static const char *const env[] = {"TERM=xterm-256color", NULL};
    char *hangs = file_path("%s/hangs", folder);

    setenv("TEST_HANGS", hangs, 1);
    setenv("TEST_HANGS_ON", folder, 1);
    make_distro("alpine", NULL);
    make_distro("debian", NULL);
    seen_begin(s, env, 24, 120);
    seen_wait(s, "> alpine");
    assert_int_equal(shell("touch %s", hangs), 0);
    seen_wait(s, "does not answer");
    return hangs;
}

static void test_console__answers_keys_while_the_disk_hangs(void **state)
{
    auto_free char *hangs = NULL;
    struct seen s;

    (void)state;
    hangs = hang_disk(&s);
    type_and_wait(&s, "j", "> debian");
    type_and_wait(&s, "\\alp\r", "Only: alp");
    type_and_wait(&s, "\x1b", "debian");
    type_and_wait(&s, "?", "Keys");
    type_and_wait(&s, "q", "> alpine");
    type_and_wait(&s, "27", "[7 Settings]");
    type_and_wait(&s, "q1iG\r/a/debian.tar\r", "debian-2");
    type_and_wait(&s, "\x1b" "1s6", "running");
    type_and_wait(&s, "1", "NAME");
    make_distro("later", NULL);
    assert_int_equal(unlink(hangs), 0);
    seen_wait(&s, "later");
    type_and_wait(&s, "6", "failed");
    seen_type(&s, "\x03");
    seen_rest(&s);
    seen_end(&s, STATUS_DONE);
}

static void test_console__can_be_left_while_the_disk_hangs(void **state)
{
    auto_free char *hangs = NULL;
    struct seen s;

    (void)state;
    hangs = hang_disk(&s);
    seen_type(&s, "\x03");
    seen_rest(&s);
    seen_end(&s, STATUS_DONE);
}

/* What changes something is; and Ctrl-C ends that, too. */
static void test_console__says_what_it_waits_for(void **state)
{
    auto_free char *hangs = NULL;
    struct seen s;
    int status = 0;

    (void)state;
    hangs = hang_disk(&s);
    type_and_wait(&s, "Spone\r", "Snapshots of alpine");
    seen_type(&s, "\x03");
    seen_wait(&s, "Ctrl-C leaves at once");
    seen_type(&s, "\x03");
    seen_rest(&s);
    assert_int_equal(waitpid(s.t.pid, &status, 0), s.t.pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    close(s.t.master);
    close(s.t.slave);
    seen_free(&s);
}

/* What is only looked at, for archives and for a log, is not waited for. */
static void test_console__can_be_left_while_it_looks(void **state)
{
    static const char *const env[] = {"TERM=xterm-256color", NULL};
    static const char *const on[] = {"Downloads", "lxtop/machines/alpine/console.log"};
    auto_free char *hangs = file_path("%s/hangs", folder);

    (void)state;
    make_distro("alpine", NULL);
    assert_int_equal(shell("touch %s", hangs), 0);
    setenv("TEST_HANGS", hangs, 1);
    for (size_t i = 0; i < ARRAY_SIZE(on); i++) {
        auto_free char *path = file_path("%s/%s", folder, on[i]);
        struct seen s;

        setenv("TEST_HANGS_ON", path, 1);
        seen_begin(&s, env, 24, 120);
        seen_wait(&s, "> alpine");
        type_and_wait(&s, "3", "[3 Log]");
        seen_type(&s, "\x03");
        seen_rest(&s);
        seen_end(&s, STATUS_DONE);
    }
}

#define PASTED (1 << 20)

static void type_paste(struct seen *s)
{
    static const char lines[] = "d\ny\nq\n\x1b[20\x03\xe2\x82\xac\x1b[201x"; /* keys, a character of three bytes, what is no end */

    seen_type(s, "\x1b[200~none");
    for (size_t i = 0; i < PASTED; i += sizeof(lines) - 1)
        seen_type(s, lines);
    seen_type(s, "\x1b[201~");
}

/* A megabyte, and the keys behind it: it is text for what is asked, and is not read byte by byte. */
static void test_console__a_paste_is_one_event(void **state)
{
    static const char *const env[] = {"TERM=xterm-256color", NULL};
    auto_free char *path = file_path("%s/reads", folder), *told = NULL;
    struct seen s;

    (void)state;
    unsetenv("TEST_HANGS");
    setenv("TEST_READS", path, 1);
    make_distro("alpine", NULL);
    make_distro("debian", NULL);
    seen_begin(&s, env, 24, 120);
    seen_wait(&s, "> alpine");
    seen_type(&s, "/");
    type_paste(&s);
    type_and_wait(&s, "\r", "Nothing here holds \"noned y q [20\xe2\x82\xac[201xd");
    type_paste(&s);
    type_and_wait(&s, "G", "> debian");
    seen_type(&s, "\x03");
    seen_rest(&s);
    seen_end(&s, STATUS_DONE);
    assert_int_equal(file_read(path, 64, &told, NULL, NULL), 0);
    assert_in_range(atol(told), 1, PASTED);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        as_lxtop_test(test_console__never_waits_for_the_disk),
        as_lxtop_test(test_console__answers_keys_while_the_disk_hangs),
        as_lxtop_test(test_console__can_be_left_while_the_disk_hangs),
        as_lxtop_test(test_console__says_what_it_waits_for),
        as_lxtop_test(test_console__can_be_left_while_it_looks),
        as_lxtop_test(test_console__a_paste_is_one_event),
    };
    int status;

    is_console = argc == 2 && strcmp(argv[1], "--surface") == 0;
    status = as_lxtop_main(argc, argv);
    if (is_console)
        tell_reads();
    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
