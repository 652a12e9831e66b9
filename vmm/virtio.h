/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio device, seen from below the transport: status, features, queues, one class a device type.
 *
 * virtio_mmio.c turns register accesses into these calls; a device file (virtio_blk.c, ...) fills a
 * const struct virtio_class.  Everything here runs with the machine's lock held (loop.h), on the
 * loop thread (notify) or on a vCPU thread (registers).
 *
 * The driver is hostile.  Queue sizes and addresses are frozen when a queue becomes ready; a
 * malformed ring makes the device stop with DEVICE_NEEDS_RESET (virtio 1.2, 2.1.2) and a
 * configuration change interrupt; the VMM lives on.
 */
#ifndef VMM_VIRTIO_H
#define VMM_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/log.h"
#include "vmm/virtq.h"

struct virtio;
struct mem;
struct state;

#define VIRTIO_QUEUES_MAX 16

/* Causes of an interrupt (4.2.2, InterruptStatus). */
#define VIRTIO_INTERRUPT_USED 1
#define VIRTIO_INTERRUPT_CONFIG 2

/*
 * Masks of every device's bits (virtio 1.2, chapter 6).  Not VIRTIO_F_*: <linux/virtio_config.h>
 * has these names for the bits' numbers.
 */
#define VIRTIO_FEATURE_INDIRECT (1ULL << 28)
#define VIRTIO_FEATURE_EVENT_IDX (1ULL << 29)
#define VIRTIO_FEATURE_VERSION_1 (1ULL << 32)
#define VIRTIO_FEATURE_COMMON                                                                      \
    (VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_IDX | VIRTIO_FEATURE_VERSION_1)

/* Device status (2.1). */
enum {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128,
};

struct virtio_class {
    const char *name;    /* "blk", "console", "rng" */
    uint32_t id;         /* chapter 5 */
    uint16_t queue_size; /* largest size offered, a power of two */
    bool on_vcpu;        /* the vCPU that notifies serves the queue: no change of threads */
    /* Requests may wait in queue `index`; loop thread or vCPU thread. */
    void (*notify)(struct virtio *v, unsigned index);
    /* `len` bytes of device configuration at `offset`, already checked; NULL: there is none. */
    void (*config_read)(struct virtio *v, size_t offset, void *to, size_t len);
    void (*config_write)(struct virtio *v, size_t offset, const void *from, size_t len);
    /*
     * The driver reset the device: no request of before may touch guest memory after the return, unless a file
     * of the host holds it up for longer than the machine can stand still (virtio_9p.h).
     */
    void (*reset)(struct virtio *v);
    /* For a snapshot; any may be NULL.  See virtio_quiesce, virtio_state and virtio_go_on. */
    void (*quiesce)(struct virtio *v);
    void (*state)(struct virtio *v, struct state *s);
    void (*restored)(struct virtio *v);
};

/* What a device has done since it was made; only grows. */
struct virtio_stats {
    uint64_t requests, errors;
    uint64_t read_bytes, write_bytes;         /* from and to the device, as the guest sees it */
    uint64_t latency_us_sum, latency_us_max;  /* from pop to used */
};

struct virtio {
    const struct virtio_class *class; /* [const] */
    const char *name;                 /* [const] for people: "console", "root" */
    const struct mem *mem;            /* [const] */
    uint64_t features_offered;        /* [const] */
    size_t config_size;               /* [const] */
    unsigned queues;                  /* [const] */
    uint64_t features;                /* accepted by the driver, valid from FEATURES_OK on */
    uint8_t status;
    bool on_loop;                     /* it is the loop thread that notifies now, no vCPU's */
    uint32_t config_generation;
    struct virtq queue[VIRTIO_QUEUES_MAX];
    int notify_fd;                    /* [const] eventfd; -1 in tests */
    void (*pulse)(void *ctx);         /* [const] interrupts the guest; NULL: nobody is (tests) */
    void *pulse_ctx;                  /* [const] */
    void (*show)(void *ctx);          /* [const] the driver reads status and the like as memory; NULL: it asks */
    bool (*is_reset)(void *ctx);      /* [const] ... and writes it: has it reset the device just now?  NULL: it tells */
    void *show_ctx;                   /* [const] */
    uint32_t interrupt_status;
    struct virtio_stats stats;
    struct log_limit complaints; /* outlives resets: a guest may fail and reset for ever */
};

void virtio_init(struct virtio *v, const struct virtio_class *class, const char *name,
                 const struct mem *mem, uint64_t features, size_t config_size, unsigned queues);
/* Has the driver accepted the feature (a VIRTIO_FEATURE_ mask)? */
bool virtio_has(const struct virtio *v, uint64_t feature);
/* The driver writes the device status register (3.1.1); 0 resets. */
void virtio_set_status(struct virtio *v, uint8_t status);
/* The driver sets QueueReady. */
void virtio_enable_queue(struct virtio *v, unsigned index);
void virtio_interrupt(struct virtio *v, uint32_t cause);

/* The driver has reset the device, which is yet to be seen to: it is given nothing any more.  From any thread. */
bool virtio_is_reset(struct virtio *v);
/* Takes the next chain of a queue: true when `r` is filled; a broken ring fails the device. */
bool virtio_pop(struct virtio *v, unsigned queue, struct vreq *r);
/* Chain used: publishes it; virtio_kick then interrupts if the driver wants it. */
void virtio_used(struct virtio *v, unsigned queue, uint16_t head, uint32_t written);
void virtio_kick(struct virtio *v, unsigned queue);
void virtio_config_changed(struct virtio *v);

/*
 * The vCPUs are paused: waits for what is under way, and puts what was taken but cannot be done now back
 * into its queue.  Afterwards the device touches no guest memory until virtio_go_on.
 */
void virtio_quiesce(struct virtio *v);
/* The whole of a quiet device both ways (state.h); the device that loads is as virtio_init left it. */
void virtio_state(struct virtio *v, struct state *s);
/* Before the vCPUs run again, here or (`restored`) in a machine that was loaded: every queue is looked at. */
void virtio_go_on(struct virtio *v, bool restored);

/* Lets the queues be looked at again after other devices had their turn. */
void virtio_again(struct virtio *v);

/* The driver broke the rules: DEVICE_NEEDS_RESET, one log line, nothing more is taken from it. */
void virtio_fail(struct virtio *v, const char *why);

#endif
