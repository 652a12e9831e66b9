/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio devices of a machine: which there are, at which address and interrupt.
 *
 * Device i has its registers at DEVICES_AT + i * DEVICES_STRIDE, or, where they are memory in part, so much behind it that
 * this part begins a page (virtio_mmio.h), and interrupt DEVICES_IRQ + i, but never
 * DEVICES_NOT_IRQ: its place takes DEVICES_SPARE_IRQ.  The order is fixed: console, entropy, disks in the
 * order of the spec, balloon, vsock, network, shares.  Used with the lock held.
 */
#ifndef VMM_DEVICES_H
#define VMM_DEVICES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "vmm/acpi.h"

struct err;
struct spec;
struct mem;
struct loop;
struct kvm;
struct bus;
struct net_link;
struct devices;
struct state;
struct virtio_blk;

#define DEVICES_AT 0xd0000000ULL
#define DEVICES_STRIDE 0x2000ULL
#define DEVICES_SIZE 0x1000ULL
#define DEVICES_IRQ 5 /* without ACPI only the ISA lines, up to 15, can be named */
/* KVM takes line 8 for the clock chip's and wants to see every end of its interrupts: an exit each. */
#define DEVICES_NOT_IRQ 8
#define DEVICES_SPARE_IRQ 3
#define DEVICES_MAX 11

struct devices_config {
    const struct spec *spec;
    const struct mem *mem;
    struct loop *loop;
    struct kvm *kvm;
    struct bus *mmio;
    void (*console_output)(void *ctx, const void *bytes, size_t len);
    void (*console_room)(void *ctx);
    void (*agent_output)(void *ctx, const void *bytes, size_t len);
    void (*note)(void *ctx, const char *text); /* something for the person to know */
    void *ctx;
};

struct devices *devices_new(const struct devices_config *c, struct err *e);
/*
 * False: a file of the host does not let go of a share's request.  The loop and the guest's memory must then stay
 * until the process ends, which must be soon.
 */
bool devices_free(struct devices *d);

/* Fills `list` (DEVICES_MAX entries), returns how many. */
unsigned devices_list(const struct devices *d, struct acpi_device *list);
/* " virtio_mmio.device=..." for each, for kernels without ACPI; the caller frees. */
char *devices_command_line(const struct devices *d);

size_t devices_console_input(struct devices *d, const void *bytes, size_t len);
void devices_resize(struct devices *d, unsigned rows, unsigned cols);
void devices_agent_send(struct devices *d, const char *line);
/* Adds the programs of the host that are connected to ports of the guest now, and all that ever were. */
void devices_sessions(const struct devices *d, unsigned *now, uint64_t *ever);
struct net_link *devices_net(struct devices *d); /* borrowed; one never started: there is no network */
/* For a snapshot, of all of them in their order: see virtio.h. */
void devices_quiesce(struct devices *d);
void devices_state(struct devices *d, struct state *s);
void devices_go_on(struct devices *d, bool restored);
struct virtio_blk *devices_disk(struct devices *d, const char *id); /* NULL: there is none */
json_t *devices_stats(const struct devices *d); /* new reference */
/* Memory as the guest counts it, and asks it anew (virtio_balloon.h); not while the machine is held still. */
int64_t devices_guest_used(struct devices *d, int64_t now_ms);

#endif
