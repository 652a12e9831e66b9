/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/state.h"
#include "p9/localfs.h"
#include "vmm/agent.h"
#include "vmm/bus.h"
#include "vmm/io.h"
#include "vmm/kvm.h"
#include "vmm/net_link.h"
#include "vmm/net_plan.h"
#include "vmm/spec.h"
#include "vmm/virtio_9p.h"
#include "vmm/virtio_balloon.h"
#include "vmm/virtio_blk.h"
#include "vmm/virtio_console.h"
#include "vmm/virtio_mmio.h"
#include "vmm/virtio_net.h"
#include "vmm/virtio_rng.h"
#include "vmm/virtio_vsock.h"

enum { PORT_CONSOLE, PORT_AGENT };

struct line {
    const struct kvm *kvm;
    uint32_t gsi;
    unsigned slot;
};

struct devices {
    struct devices_config config;
    struct virtio_mmio slot[DEVICES_MAX];
    struct line line[DEVICES_MAX];
    unsigned slots;
    struct io *io;
    struct virtio_console console;
    struct virtio_rng rng;
    struct virtio_balloon balloon;
    struct virtio_vsock vsock;
    struct net_link link;
    struct virtio_net net;
    struct virtio_blk blk[SPEC_DISKS_MAX];
    unsigned blks;
    char blk_name[SPEC_DISKS_MAX][24];
    struct virtio_9p share[SPEC_SHARES_MAX];
    struct p9_id_range own[SPEC_SHARES_MAX][2]; /* FIXED: user, group */
    struct p9_fs *share_fs[SPEC_SHARES_MAX];
    unsigned shares;
};

/* Of the registers that may be memory. */
static uint64_t page_at(unsigned slot)
{
    return DEVICES_AT + slot * DEVICES_STRIDE + VIRTIO_MMIO_PAGE;
}

static struct acpi_device place(unsigned slot, const struct virtio *v)
{
    unsigned irq = DEVICES_IRQ + slot;

    return (struct acpi_device){.id = ACPI_ID_VIRTIO_MMIO,
                                .address = v->class->on_vcpu ? page_at(slot) - VIRTIO_MMIO_UPPER
                                                             : DEVICES_AT + slot * DEVICES_STRIDE,
                                .size = DEVICES_SIZE,
                                .irq = irq == DEVICES_NOT_IRQ ? DEVICES_SPARE_IRQ : irq};
}

static int map_page(void *ctx, void *page, bool writable)
{
    const struct line *l = ctx;

    return kvm_map_page(l->kvm, l->slot, page, page_at(l->slot), writable);
}

/* What the guest does without leaving the kernel: notify; or, where that must leave it, take interrupts. */
static int wire(struct devices *d, struct virtio_mmio *m, struct line *l, uint64_t address, struct err *e)
{
    int r;

    if (!m->v->class->on_vcpu)
        return kvm_ioeventfd(d->config.kvm, m->notify_fd, address + VIRTIO_MMIO_QUEUE_NOTIFY, 4, e);
    r = virtio_mmio_show(m, map_page, l);
    return r < 0 ? err_sys(e, -r, "device %s: a page of registers", m->v->name) : 0;
}

static void pulse(void *ctx)
{
    const struct line *l = ctx;

    kvm_pulse(l->kvm, l->gsi);
}

/* What a person can leave out is disks and shares: says how many there may be beside the others. */
static int too_many(const struct devices *d, const struct virtio *v, struct err *e)
{
    const struct spec *s = d->config.spec;
    int fixed = 3 + (s->vsock != NULL) + s->net.on;

    return err_set(e, ENOSPC, "%s: a machine has interrupts for %d devices; console, entropy, balloon%s%s "
                   "take %d, so disks and shares are together at most %d", v->name, DEVICES_MAX,
                   s->vsock ? ", vsock" : "", s->net.on ? ", network" : "", fixed, DEVICES_MAX - fixed);
}

/* Gives a device the next address and interrupt, and wires both to KVM. */
static int plug(struct devices *d, struct virtio *v, struct err *e)
{
    struct virtio_mmio *m = &d->slot[d->slots];
    struct acpi_device at = place(d->slots, v);
    struct line *line = &d->line[d->slots];
    struct bus_range range = {at.address, VIRTIO_MMIO_SIZE, virtio_mmio_read, virtio_mmio_write, m};
    int r;

    if (d->slots == DEVICES_MAX)
        return too_many(d, v, e);
    r = virtio_mmio_init(m, v, d->config.loop, e);
    if (r < 0)
        return r;
    *line = (struct line){d->config.kvm, at.irq, d->slots};
    v->pulse = pulse;
    v->pulse_ctx = line;
    d->slots++;
    r = bus_add(d->config.mmio, &range, e);
    return r == 0 ? wire(d, m, line, at.address, e) : r;
}

static int add_console(struct devices *d, struct err *e)
{
    const struct devices_config *c = &d->config;
    const struct virtio_console_port ports[] = {
        [PORT_CONSOLE] = {NULL, c->console_output, c->console_room, c->ctx},
        [PORT_AGENT] = {AGENT_PORT_NAME, c->agent_output, NULL, c->ctx},
    };

    virtio_console_init(&d->console, c->mem, ports, c->spec->agent ? 2 : 1);
    return plug(d, &d->console.v, e);
}

static int add_rng(struct devices *d, struct err *e)
{
    virtio_rng_init(&d->rng, d->config.mem);
    return plug(d, &d->rng.v, e);
}

static int add_balloon(struct devices *d, struct err *e)
{
    virtio_balloon_init(&d->balloon, d->config.mem);
    return plug(d, &d->balloon.v, e);
}

static int add_vsock(struct devices *d, struct err *e)
{
    const char *path = d->config.spec->vsock;
    int r = path ? virtio_vsock_init(&d->vsock, d->config.mem, d->config.loop, path, e) : 0;

    return path && r == 0 ? plug(d, &d->vsock.v, e) : r;
}

static void on_net_note(void *ctx, const char *text)
{
    const struct devices *d = ctx;

    d->config.note(d->config.ctx, text);
}

static void on_net_frames(void *ctx, int fd)
{
    struct devices *d = ctx;
    struct err e = {0};

    if (virtio_net_connect(&d->net, fd, &e) < 0)
        on_net_note(d, e.msg);
}

static const struct net_link_events net_events = {.note = on_net_note, .frames = on_net_frames};

static int add_net(struct devices *d, struct err *e)
{
    const struct devices_config *c = &d->config;
    int r;

    if (!c->spec->net.on)
        return 0;
    r = net_link_start(&d->link, c->loop, &c->spec->net, &net_events, d, e);
    if (r == 0)
        r = virtio_net_init(&d->net, c->mem, c->loop, d->link.frames_fd, e);
    return r == 0 ? plug(d, &d->net.v, e) : r;
}

static int add_backings(struct disk *d, const struct spec_disk *s, struct err *e)
{
    for (unsigned i = 0; i < s->backings; i++)
        if (disk_add_backing(d, s->backing[i].path, s->backing[i].format, e) < 0)
            return -EINVAL;
    return disk_check(d, e);
}

static int add_disks(struct devices *d, struct err *e)
{
    const struct spec *s = d->config.spec;

    for (unsigned i = 0; i < s->disks; i++) {
        const struct spec_disk *disk = &s->disk[i];
        int r;

        snprintf(d->blk_name[i], sizeof(d->blk_name[i]), "%s", disk->id ? disk->id : "disk");
        if (!disk->id)
            snprintf(d->blk_name[i], sizeof(d->blk_name[i]), "disk%u", i);
        r = virtio_blk_init(&d->blk[i], d->config.mem, d->io, d->blk_name[i], disk->path,
                            disk->format, disk->read_only, s->cpus, e);
        if (r < 0)
            return r;
        d->blks++;
        r = add_backings(&d->blk[i].disk, disk, e);
        if (r < 0)
            return err_wrap(e, "%s", disk->path);
        r = plug(d, &d->blk[i].v, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* `own`: for as long as the file system. */
static struct p9_fs *open_share(const struct spec_share *h, unsigned shares, struct p9_id_range own[2],
                                struct err *e)
{
    static const enum p9_owner_kind kinds[] = {
        [SPEC_MAP_SQUASH] = P9_OWNER_SQUASH, [SPEC_MAP_XATTR] = P9_OWNER_XATTR,
        [SPEC_MAP_FIXED] = P9_OWNER_MAP,
        [SPEC_MAP_PASS] = P9_OWNER_PASS, [SPEC_MAP_TRUST] = P9_OWNER_TRUST};
    struct p9_localfs_config c = {.root = h->path,
                                  .owners = {.kind = kinds[h->map], .uid = h->uid, .gid = h->gid,
                                             .uids = &own[0], .gids = &own[1], .uids_n = 1, .gids_n = 1},
                                  .devices = h->map >= SPEC_MAP_PASS, /* the guest's root is ours */
                                  .append_at_offset = h->cached};
    struct rlimit files;

    own[0] = (struct p9_id_range){h->uid, getuid(), 1};
    own[1] = (struct p9_id_range){h->gid, getgid(), 1};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 1u << 30)
        c.fds_max = (unsigned)files.rlim_cur / 4 * 3 / shares;
    return p9_localfs_new(&c, e);
}

static int add_shares(struct devices *d, struct err *e)
{
    const struct spec *s = d->config.spec;

    for (unsigned i = 0; i < s->shares; i++) {
        const struct spec_share *h = &s->share[i];
        struct p9_export x = {.read_only = h->read_only, .limits = p9_limits_default()};
        int r;

        x.fs = d->share_fs[i] = open_share(h, s->shares, d->own[i], e);
        d->shares++;
        if (!x.fs)
            return err_wrap(e, "share %s", h->tag);
        r = virtio_9p_init(&d->share[i], d->config.mem, d->config.loop, h->tag, &x, e);
        if (r == 0)
            r = plug(d, &d->share[i].v, e);
        if (r < 0)
            return r;
    }
    return 0;
}

struct devices *devices_new(const struct devices_config *c, struct err *e)
{
    struct devices *d = calloc(1, sizeof(*d));

    if (!d) {
        err_sys(e, ENOMEM, "devices");
        return NULL;
    }
    d->config = *c;
    d->io = io_new(c->loop, e);
    if (d->io && add_console(d, e) == 0 && add_rng(d, e) == 0 && add_disks(d, e) == 0 &&
        add_balloon(d, e) == 0 && add_vsock(d, e) == 0 && add_net(d, e) == 0 &&
        add_shares(d, e) == 0)
        return d;
    devices_free(d);
    return NULL;
}

/* False: one is held up by a file of the host. */
static bool release_shares(struct devices *d)
{
    bool all = true;

    for (unsigned i = 0; i < d->shares; i++) {
        if (d->share_fs[i] && !virtio_9p_release(&d->share[i]))
            all = false;
        else
            p9_localfs_free(d->share_fs[i]);
    }
    return all;
}

bool devices_free(struct devices *d)
{
    bool all;

    if (!d)
        return true;
    io_free(d->io); /* first: its completions use the devices */
    all = release_shares(d);
    virtio_net_release(&d->net);
    net_link_stop(&d->link);
    virtio_vsock_release(&d->vsock);
    for (unsigned i = 0; i < d->slots; i++)
        virtio_mmio_release(&d->slot[i]);
    for (unsigned i = 0; i < d->blks; i++)
        virtio_blk_release(&d->blk[i]);
    if (all)
        free(d);
    return all;
}

unsigned devices_list(const struct devices *d, struct acpi_device *list)
{
    for (unsigned i = 0; i < d->slots; i++)
        list[i] = place(i, d->slot[i].v);
    return d->slots;
}

char *devices_command_line(const struct devices *d)
{
    char *text = calloc(d->slots + 1UL, 64);

    for (unsigned i = 0; text && i < d->slots; i++) {
        struct acpi_device at = place(i, d->slot[i].v);
        size_t len = strlen(text);

        snprintf(text + len, 64, "%svirtio_mmio.device=4K@0x%llx:%u", len ? " " : "",
                 (unsigned long long)at.address, at.irq);
    }
    return text;
}

size_t devices_console_input(struct devices *d, const void *bytes, size_t len)
{
    return virtio_console_input(&d->console, PORT_CONSOLE, bytes, len);
}

void devices_resize(struct devices *d, unsigned rows, unsigned cols)
{
    virtio_console_resize(&d->console, (uint16_t)rows, (uint16_t)cols);
}

void devices_agent_send(struct devices *d, const char *line)
{
    if (d->config.spec->agent)
        virtio_console_input(&d->console, PORT_AGENT, line, strlen(line));
}

void devices_sessions(const struct devices *d, unsigned *now, uint64_t *ever)
{
    if (d->config.spec->vsock) {
        *now += virtio_vsock_callers(&d->vsock);
        *ever += d->vsock.calls;
    }
}

struct net_link *devices_net(struct devices *d)
{
    return &d->link;
}

void devices_quiesce(struct devices *d)
{
    for (unsigned i = 0; i < d->slots; i++)
        virtio_quiesce(d->slot[i].v);
}

void devices_state(struct devices *d, struct state *s)
{
    state_section(s, "DEVS");
    state_same(s, d->slots, "devices");
    for (unsigned i = 0; i < d->slots && !s->bad; i++)
        virtio_mmio_state(&d->slot[i], s);
}

void devices_go_on(struct devices *d, bool restored)
{
    for (unsigned i = 0; i < d->slots; i++)
        virtio_go_on(d->slot[i].v, restored);
}

struct virtio_blk *devices_disk(struct devices *d, const char *id)
{
    for (unsigned i = 0; i < d->blks; i++)
        if (strcmp(d->blk_name[i], id) == 0)
            return &d->blk[i];
    return NULL;
}

int64_t devices_guest_used(struct devices *d, int64_t now_ms)
{
    return virtio_balloon_used(&d->balloon, now_ms);
}

json_t *devices_stats(const struct devices *d)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < d->slots; i++) {
        const struct virtio *v = d->slot[i].v;
        const struct virtio_stats *s = &v->stats;

        json_array_append_new(
            list, json_pack("{ss ss sI sI sI sI sI sI}", "name", v->name, "class", v->class->name,
                            "requests", (json_int_t)s->requests, "errors", (json_int_t)s->errors,
                            "read_bytes", (json_int_t)s->read_bytes, "write_bytes",
                            (json_int_t)s->write_bytes, "latency_us_sum",
                            (json_int_t)s->latency_us_sum, "latency_us_max",
                            (json_int_t)s->latency_us_max));
    }
    return list;
}
