/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/sandbox.h"

#include <errno.h>
#include <linux/kvm.h>
#include <malloc.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "core/base/auto.h"
#include "core/base/err.h"

#define C(name) SCMP_SYS(name)
#define IOCTL_TYPE 0xff00
#define KVM_TYPE (KVMIO << 8)

/* Whatever their arguments. */
static const int allowed[] = {
    /* memory, time and threads */
    C(brk), C(munmap), C(mremap), C(madvise), C(mincore), C(futex), C(set_robust_list), C(rseq), C(gettid), C(getpid),
    C(tgkill), C(exit), C(exit_group), C(sched_yield), C(sched_getaffinity), C(getcpu), C(membarrier),
    C(rt_sigaction), C(rt_sigprocmask), C(rt_sigreturn), C(rt_sigtimedwait), C(sigaltstack), C(restart_syscall),
    C(clock_gettime), C(clock_getres), C(clock_nanosleep), C(nanosleep), C(gettimeofday), C(time), C(getrandom),
    C(getrusage), C(sysinfo), C(uname), C(getrlimit), C(wait4), C(pidfd_send_signal),
    /* waiting */
    C(epoll_create1), C(epoll_ctl), C(epoll_wait), C(epoll_pwait), C(poll), C(ppoll), C(select), C(pselect6),
    C(eventfd2), C(timerfd_create), C(timerfd_settime), C(timerfd_gettime), C(io_uring_enter), C(pipe2),
    /* open files */
    C(read), C(write), C(readv), C(writev), C(pread64), C(pwrite64), C(preadv), C(pwritev), C(preadv2), C(pwritev2),
    C(lseek), C(close), C(dup), C(dup2), C(dup3), C(fcntl), C(flock), C(fsync), C(fdatasync), C(sync_file_range),
    C(ftruncate), C(fallocate), C(copy_file_range), C(fadvise64), C(readahead), C(getdents64), C(fstat), C(fstatfs),
    C(fchmod), C(fchown), C(fsetxattr), C(fgetxattr), C(flistxattr), C(fremovexattr),
    /* names */
    C(open), C(openat), C(openat2), C(name_to_handle_at), C(stat), C(lstat), C(newfstatat), C(statx), C(statfs),
    C(access), C(faccessat), C(faccessat2), C(readlink), C(readlinkat), C(mkdir), C(mkdirat), C(rmdir), C(unlink),
    C(unlinkat), C(rename), C(renameat), C(renameat2), C(link), C(linkat), C(symlink), C(symlinkat), C(mknod),
    C(mknodat), C(chmod), C(fchmodat), C(fchownat), C(utimensat), C(truncate), C(getcwd), C(umask),
    C(setxattr), C(lsetxattr), C(getxattr), C(lgetxattr), C(listxattr), C(llistxattr), C(removexattr), C(lremovexattr),
    /* whose they are, for a server that is root (p9/owner.h) */
    C(getuid), C(geteuid), C(getgid), C(getegid), C(getgroups), C(setgroups), C(setfsuid), C(setfsgid), C(capget),
    C(capset),
    /* sockets; `connect` and `bind` are of those that exist, and only Unix ones are made */
    C(bind), C(listen), C(accept4), C(connect), C(sendto), C(sendmsg), C(recvfrom), C(recvmsg), C(shutdown),
    C(getsockname), C(getpeername), C(getsockopt), C(setsockopt),
};

/* Allowed where an argument, under `mask`, has this value; of several rows for a call one must hold. */
static const struct {
    int call;
    unsigned argument;
    uint64_t mask, value;
} some[] = {
    {C(socket), 0, UINT32_MAX, AF_UNIX},
    {C(socketpair), 0, UINT32_MAX, AF_UNIX},
    {C(mmap), 2, PROT_EXEC, 0},
    {C(mprotect), 2, PROT_EXEC, 0},
    {C(clone), 0, CLONE_THREAD, CLONE_THREAD},
    {C(unshare), 0, UINT32_MAX, CLONE_FS},
    {C(prctl), 0, UINT32_MAX, PR_SET_NAME},
    {C(ioctl), 1, IOCTL_TYPE, KVM_TYPE},
    {C(ioctl), 1, UINT32_MAX, TCGETS},
    {C(ioctl), 1, UINT32_MAX, TCSETS},
    {C(ioctl), 1, UINT32_MAX, TCSETSW},
    {C(ioctl), 1, UINT32_MAX, TIOCGWINSZ},
    {C(prlimit64), 2, UINT64_MAX, 0}, /* only asks */
};

static int add_rules(scmp_filter_ctx filter)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(allowed); i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(some); i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, some[i].call, 1,
                             SCMP_CMP(some[i].argument, SCMP_CMP_MASKED_EQ, some[i].mask, some[i].value));
    /* The kernel remembers what is allowed whatever the arguments; a machine's exits and interrupts go through the filter. */
    if (r == 0)
        r = seccomp_syscall_priority(filter, C(ioctl), UINT8_MAX);
    /* glibc then makes its threads with clone, whose flags a filter can see. */
    return r ? r : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), C(clone3), 0);
}

int sandbox_enter(struct err *e)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int r;

    if (!filter)
        return err_sys(e, ENOMEM, "sandbox");
    r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (r == 0)
        r = add_rules(filter);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    malloc_trim(0); /* what the filter was made of: 150 KiB that nobody needs again */
    return r == 0 ? 0 : err_sys(e, -r, "sandbox");
}
