/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/unit/fixture.h"
#include "vmm/io.h"
#include "vmm/loop.h"

#define SET_UP 255 /* no errno */

/* In a process of its own that has entered the sandbox: errno of `act`, 0 when it succeeded. */
static int in_sandbox(long (*act)(void))
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct err e = {0};

        if (sandbox_enter(&e) < 0)
            _exit(SET_UP);
        errno = 0;
        _exit(act() < 0 ? errno : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* --- what it refuses --- */

static long by_exec(void)
{
    return execl("/bin/true", "true", NULL);
}
static long by_fork(void)
{
    return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}
static long by_vfork(void)
{
    return syscall(SYS_vfork);
}
static long by_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}
static long by_raw_socket(void)
{
    return socket(AF_NETLINK, SOCK_RAW, 0);
}
static long by_ptrace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static long by_signal(void)
{
    return kill(getppid(), 0);
}
static long by_typing(void) /* into the terminal; that it is none is not even looked at */
{
    return ioctl(STDIN_FILENO, TIOCSTI, "x");
}
static long by_typing_masked(void) /* Linux takes 32 bits of the request */
{
    return syscall(SYS_ioctl, STDIN_FILENO, 1UL << 32 | TIOCSTI, "x");
}
static long by_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? -1 : 0;
}
static long by_code_later(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static long by_mount(void)
{
    return mount("none", "/", "tmpfs", 0, NULL);
}
static long by_namespace(void)
{
    return unshare(CLONE_NEWUSER);
}
static long by_ring(void) /* which would not be limited to the disk's operations */
{
    struct io_uring_params p = {0};

    return syscall(SYS_io_uring_setup, 4, &p);
}
static long by_handle(void)
{
    return syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, O_RDONLY);
}
static long by_pidfd(void)
{
    return pidfd_open(getppid(), 0);
}
static void *make_socket(void *arg)
{
    int *code = arg;

    *code = socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
    return NULL;
}
static long by_new_thread(void)
{
    pthread_t t;
    int code = ENOSYS;

    if (pthread_create(&t, NULL, make_socket, &code) == 0)
        pthread_join(t, NULL);
    errno = code;
    return code ? -1 : 0;
}

static void test_sandbox__what_no_machine_needs_is_refused(void **state)
{
    static long (*const acts[])(void) = {
        by_exec,   by_fork,       by_vfork, by_socket,    by_raw_socket, by_ptrace, by_signal, by_typing,
        by_typing_masked, by_code, by_code_later, by_mount, by_namespace, by_ring, by_handle, by_pidfd,
        by_new_thread};

    (void)state;
    for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
        int code = in_sandbox(acts[i]);

        if (code != EPERM)
            fail_msg("act %zu ended with %d (%s)", i, code, strerror(code));
    }
}

/* --- threads that were there before --- */

static int before_pipe[2];

static void *wait_and_make_socket(void *arg)
{
    char c;

    return read(before_pipe[0], &c, 1) == 1 ? make_socket(arg) : NULL;
}

static void test_sandbox__holds_for_threads_that_were_there(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(before_pipe), 0);
    pid = fork();
    if (pid == 0) {
        struct err e = {0};
        pthread_t t;
        int code = 0;

        if (pthread_create(&t, NULL, wait_and_make_socket, &code) != 0 || sandbox_enter(&e) < 0)
            _exit(SET_UP);
        _exit(write(before_pipe[1], "x", 1) == 1 && pthread_join(t, NULL) == 0 ? code : SET_UP);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), EPERM);
    close(before_pipe[0]);
    close(before_pipe[1]);
}

/* --- what goes on --- */

static long files(void)
{
    char name[] = "/tmp/lxtop-test-XXXXXX", text[4] = "";
    int fd = mkstemp(name);
    bool ok = fd >= 0 && pwrite(fd, "abc", 3, 0) == 3 && pread(fd, text, 3, 0) == 3 && fsync(fd) == 0 &&
              fchmodat(AT_FDCWD, name, 0600, 0) == 0 && access(name, W_OK) == 0 && unlink(name) == 0;

    return ok && strcmp(text, "abc") == 0 ? 0 : -1;
}
static long unix_sockets(void)
{
    int pair[2];

    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : -1;
}
static long window_size(void)
{
    struct winsize size;
    int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);

    return fd < 0 ? -1 : ioctl(fd, TIOCGWINSZ, &size);
}
static void *note_run(void *arg)
{
    *(bool *)arg = true;
    return NULL;
}
static long threads(void)
{
    bool ran = false;
    pthread_t t;

    return pthread_create(&t, NULL, note_run, &ran) == 0 && pthread_join(t, NULL) == 0 && ran ? 0 : -1;
}

static void test_sandbox__what_a_machine_needs_goes_on(void **state)
{
    static long (*const acts[])(void) = {files, unix_sockets, window_size, threads};

    (void)state;
    for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
        int code = in_sandbox(acts[i]);

        if (code)
            fail_msg("act %zu ended with %d (%s)", i, code, strerror(code));
    }
}

static void note_result(void *ctx, int result)
{
    *(int *)ctx = result;
}

/* The disk's ring was made before (vmm/io.c). */
static void test_sandbox__a_disk_that_was_open_is_read_and_written(void **state)
{
    char *folder = fixture_folder();
    char *path = file_path("%s/disk", folder);
    struct err e = {0};
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        int fd = open(path, O_RDWR | O_CREAT, 0600), wrote = 1, flushed = 1, zeroed = 1, got = 1;
        struct loop *l = loop_new(&e);
        struct io *io = l ? io_new(l, &e) : NULL;
        char text[4] = "abc", back[4] = "";

        if (fd < 0 || !io || sandbox_enter(&e) < 0)
            _exit(SET_UP);
        io_write(io, fd, &(struct iovec){text, 4}, 1, 0, note_result, &wrote);
        io_drain(io);
        io_flush(io, fd, note_result, &flushed);
        io_zero(io, fd, 0, 1, false, note_result, &zeroed);
        io_drain(io);
        io_read(io, fd, &(struct iovec){back, 4}, 1, 0, note_result, &got);
        io_drain(io);
        _exit(!(wrote == 0 && flushed == 0 && zeroed == 0 && got == 0 && back[0] == 0 && back[1] == 'b'));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    free(path);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sandbox__what_no_machine_needs_is_refused),
        cmocka_unit_test(test_sandbox__holds_for_threads_that_were_there),
        cmocka_unit_test(test_sandbox__what_a_machine_needs_goes_on),
        cmocka_unit_test(test_sandbox__a_disk_that_was_open_is_read_and_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
