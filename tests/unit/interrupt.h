/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's interrupts, counted by an eventfd: from any thread. */
#ifndef TESTS_UNIT_INTERRUPT_H
#define TESTS_UNIT_INTERRUPT_H

#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "vmm/virtio.h"

/* As virtio.pulse, ctx is the int of the descriptor. */
static inline void interrupt_count(void *ctx)
{
    uint64_t one = 1;

    assert_int_equal(write(*(int *)ctx, &one, sizeof(one)), sizeof(one));
}

/* *fd lives as long as the device; the caller closes it. */
static inline void interrupt_open(struct virtio *v, int *fd)
{
    *fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_true(*fd >= 0);
    v->pulse = interrupt_count;
    v->pulse_ctx = fd;
}

/* Those since the last time. */
static inline uint64_t interrupts(int fd)
{
    uint64_t n = 0;

    return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

#endif
