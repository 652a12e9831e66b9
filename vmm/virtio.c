/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio.h"

#include <string.h>
#include <unistd.h>

#define LOG "virtio"
#include "core/base/log.h"

#define COMPLAINTS 10 /* lines about one device at once, then one a second */

void virtio_init(struct virtio *v, const struct virtio_class *class, const char *name,
                 const struct mem *mem, uint64_t features, size_t config_size, unsigned queues)
{
    *v = (struct virtio){
        .class = class,
        .name = name,
        .mem = mem,
        .features_offered = features | VIRTIO_FEATURE_COMMON,
        .config_size = config_size,
        .queues = queues,
        .notify_fd = -1,
    };
    for (unsigned i = 0; i < queues; i++)
        v->queue[i] = (struct virtq){.mem = mem, .size_max = class->queue_size};
}

bool virtio_has(const struct virtio *v, uint64_t feature)
{
    return (v->status & VIRTIO_FEATURES_OK) && (v->features & feature) == feature;
}

static void reset(struct virtio *v)
{
    if (v->class->reset)
        v->class->reset(v);
    for (unsigned i = 0; i < v->queues; i++)
        virtq_reset(&v->queue[i]);
    v->status = 0;
    v->features = 0;
    v->interrupt_status = 0;
}

/* 3.1.1 step 5: what was not offered is refused, and so is a driver of before version 1. */
static bool features_acceptable(const struct virtio *v)
{
    return !(v->features & ~v->features_offered) && (v->features & VIRTIO_FEATURE_VERSION_1);
}

void virtio_set_status(struct virtio *v, uint8_t status)
{
    uint8_t kept = v->status & (VIRTIO_NEEDS_RESET | VIRTIO_FEATURES_OK);

    if (status == 0) {
        reset(v);
        return;
    }
    if (!(v->status & VIRTIO_FEATURES_OK) && (status & VIRTIO_FEATURES_OK) &&
        !features_acceptable(v))
        status &= (uint8_t)~VIRTIO_FEATURES_OK;
    if (!((status | kept) & VIRTIO_FEATURES_OK))
        status &= (uint8_t)~VIRTIO_DRIVER_OK;
    v->status = status | kept; /* the driver cannot clear a bit but by a reset (2.1.1) */
}

void virtio_enable_queue(struct virtio *v, unsigned index)
{
    struct virtq *q = &v->queue[index];

    if (q->ready || !(v->status & VIRTIO_FEATURES_OK))
        return;
    q->event_idx = virtio_has(v, VIRTIO_FEATURE_EVENT_IDX);
    q->indirect = virtio_has(v, VIRTIO_FEATURE_INDIRECT);
    if (virtq_enable(q) < 0)
        virtio_fail(v, "a queue's size or addresses are wrong");
}

static void show(struct virtio *v)
{
    if (v->show)
        v->show(v->show_ctx);
}

void virtio_interrupt(struct virtio *v, uint32_t cause)
{
    if ((v->interrupt_status & cause) != cause) {
        v->interrupt_status |= cause;
        show(v);
    }
    if (v->pulse)
        v->pulse(v->pulse_ctx);
}

/* A counter that is full has its event on the way already. */
void virtio_again(struct virtio *v)
{
    uint64_t one = 1;

    if (v->notify_fd >= 0 && write(v->notify_fd, &one, sizeof(one)) < 0)
        return;
}

bool virtio_is_reset(struct virtio *v)
{
    return v->is_reset && v->is_reset(v->show_ctx);
}

bool virtio_pop(struct virtio *v, unsigned queue, struct vreq *r)
{
    const char *why;
    int got;

    if (!(v->status & VIRTIO_DRIVER_OK) || (v->status & VIRTIO_NEEDS_RESET))
        return false;
    got = virtq_pop(&v->queue[queue], r, &why);
    if (got < 0)
        virtio_fail(v, why);
    return got > 0;
}

void virtio_used(struct virtio *v, unsigned queue, uint16_t head, uint32_t written)
{
    v->stats.requests++;
    virtq_push(&v->queue[queue], head, written);
}

void virtio_kick(struct virtio *v, unsigned queue)
{
    if (v->queue[queue].ready && virtq_wants_interrupt(&v->queue[queue]))
        virtio_interrupt(v, VIRTIO_INTERRUPT_USED);
}

void virtio_config_changed(struct virtio *v)
{
    v->config_generation++;
    show(v);
    if (v->status & VIRTIO_DRIVER_OK)
        virtio_interrupt(v, VIRTIO_INTERRUPT_CONFIG);
}

void virtio_fail(struct virtio *v, const char *why)
{
    if (v->status & VIRTIO_NEEDS_RESET)
        return;
    if (log_allowed(&v->complaints, COMPLAINTS))
        log_warn("%s (virtio-%s): %s; the device stops until the guest resets it", v->name,
                 v->class->name, why);
    v->stats.errors++;
    v->status |= VIRTIO_NEEDS_RESET;
    show(v);
    if (v->status & VIRTIO_DRIVER_OK)
        virtio_interrupt(v, VIRTIO_INTERRUPT_CONFIG);
}
