/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile state file.  The first byte says what the rest is: a whole file, or a body that gets a good
 * head and digest, so that what lies behind them is reached.  It is loaded into devices, registers and a
 * share; where that is accepted the devices then work with it, which must touch nothing outside of memory.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/state.h"
#include "p9/context_state.h"
#include "p9/dispatch.h"
#include "p9/localfs.h"
#include "tests/unit/driver.h"
#include "vmm/chips_state.h"
#include "vmm/serial.h"
#include "vmm/state_file.h"
#include "vmm/vcpu_state.h"
#include "vmm/virtio_balloon.h"
#include "vmm/virtio_console.h"
#include "vmm/virtio_mmio.h"
#include "vmm/virtio_rng.h"
#include "vmm/virtio_vsock.h"

#define DEVICES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct machine {
    struct mem mem;
    struct virtio_console console;
    struct virtio_rng rng;
    struct virtio_balloon balloon;
    struct virtio_vsock vsock;
    struct virtio_mmio slot[DEVICES];
    struct serial serial;
    struct chips chips;
    struct vcpu_registers vcpu;
};

static void ignore(void *ctx, const void *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    (void)len;
}

static void machine_init(struct machine *m)
{
    static const struct virtio_console_port ports[] = {{.output = ignore}, {.name = "lxtop.agent", .output = ignore}};

    if (!m->mem.regions && mem_init(&m->mem, DRIVER_MEM, NULL) < 0)
        abort();
    virtio_console_init(&m->console, &m->mem, ports, 2);
    virtio_rng_init(&m->rng, &m->mem);
    virtio_balloon_init(&m->balloon, &m->mem);
    memset(&m->vsock, 0, sizeof(m->vsock));
    if (virtio_vsock_init(&m->vsock, &m->mem, NULL, NULL, NULL) < 0)
        abort();
    m->slot[0] = (struct virtio_mmio){.v = &m->console.v};
    m->slot[1] = (struct virtio_mmio){.v = &m->rng.v};
    m->slot[2] = (struct virtio_mmio){.v = &m->balloon.v};
    m->slot[3] = (struct virtio_mmio){.v = &m->vsock.v};
    m->serial = (struct serial){.irq_fd = -1};
}

static void machine_state(struct machine *m, struct state *s)
{
    for (int i = 0; i < DEVICES && !s->bad; i++)
        virtio_mmio_state(&m->slot[i], s);
    serial_state(&m->serial, s);
    chips_state(&m->chips, s);
    vcpu_registers_state(&m->vcpu, s);
}

/* The share is the folder of the corpus' machine: any will do, it is only looked into. */
static void share_state(struct state *s)
{
    static struct p9_fs *fs;
    const struct p9_localfs_config config = {.root = "/usr/share", .owners.kind = P9_OWNER_SQUASH, .fds_max = 64};
    struct p9_export x = {.read_only = true, .limits = p9_limits_default()};
    struct p9_context c = {.export = &x, .id = 1};

    if (!fs)
        fs = p9_localfs_new(&config, NULL);
    c.fs = x.fs = fs;
    if (!fs || p9_fids_init(&c.fids, fs, 64, 32, 1 << 16) < 0)
        abort();
    p9_context_state(&c, s);
    p9_fids_release(&c.fids);
}

static void work(struct machine *m)
{
    for (int i = 0; i < DEVICES; i++) {
        struct virtio *v = m->slot[i].v;

        virtio_go_on(v, true);
        for (unsigned q = 0; q < v->queues; q++)
            if (v->queue[q].ready && (v->status & VIRTIO_DRIVER_OK))
                v->class->notify(v, q);
        virtio_quiesce(v);
    }
    if (m->console.port[0].len > CONSOLE_INPUT_MAX || m->serial.rx_len > SERIAL_FIFO ||
        m->vcpu.msrs > VCPU_MSRS_MAX || m->vcpu.cpuid.nent > CPUID_ENTRIES_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct machine m;
    struct state s;
    struct err e;

    log_open("fuzz", STDERR_FILENO, LOG_ERROR);
    if (size == 0)
        return 0;
    machine_init(&m);
    if (data[0] == 0) {
        if (state_file_open(&s, data + 1, size - 1, &e) < 0)
            return 0;
    } else {
        state_load(&s, data + 1, size - 1);
    }
    if (data[0] == 2) {
        share_state(&s);
        return 0;
    }
    machine_state(&m, &s);
    if (state_finish(&s, &e) == 0)
        work(&m);
    return 0;
}
