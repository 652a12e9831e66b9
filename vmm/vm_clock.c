/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's wall clock.  It counts by itself, on the host's TSC; what it cannot know is that the host
 * slept, set its own clock, or that the machine comes from a snapshot.  Then it is told (agent.h: "time"),
 * and lxtop-guest sets it where it is off.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "vmm/devices.h"
#include "vmm/vm_parts.h"

void vm_tell_time(struct vm *vm)
{
    struct timespec now;
    char line[64];

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(line, sizeof(line), "time %lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
    devices_agent_send(vm->devices, line);
}

/* Never expires; a read fails with ECANCELED after each jump of the host's clock, the end of a sleep
 * among them (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). */
static int arm(int fd)
{
    struct itimerspec never = {.it_value.tv_sec = INT64_MAX / 2000000000};

    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

static void on_jump(void *ctx, uint32_t events)
{
    struct vm *vm = ctx;
    uint64_t count;

    (void)events;
    if (read(vm->jump_watch.fd, &count, sizeof(count)) < 0 && errno == ECANCELED)
        vm_tell_time(vm);
    if (arm(vm->jump_watch.fd) < 0)
        loop_remove(vm->loop, &vm->jump_watch);
}

int vm_watch_clock(struct vm *vm, struct err *e)
{
    vm->jump_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (vm->jump_fd < 0 || arm(vm->jump_fd) < 0)
        return err_sys(e, errno, "watch the host's clock");
    return loop_add(vm->loop, &vm->jump_watch, vm->jump_fd, EPOLLIN, on_jump, vm, e);
}

void vm_unwatch_clock(struct vm *vm)
{
    if (vm->jump_fd < 0)
        return;
    loop_remove(vm->loop, &vm->jump_watch);
    close(vm->jump_fd);
    vm->jump_fd = -1;
}
