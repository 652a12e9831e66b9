/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's state, both ways; see state.h.  What is loaded is checked as if a driver had set it, or worse. */
#include <string.h>

#include "core/base/state.h"
#include "vmm/virtio.h"

#define STATUS_BITS                                                                                \
    (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK | VIRTIO_NEEDS_RESET | \
     VIRTIO_FAILED)

/* It must be the device that was saved: then its class, and what it offers, need not be in doubt. */
static void identity(struct virtio *v, struct state *s)
{
    char name[64] = "";

    if (!s->loading)
        strncpy(name, v->name, sizeof(name) - 1);
    state_section(s, "DEVI");
    state_text(s, name, sizeof(name));
    if (!s->bad && strncmp(name, v->name, sizeof(name) - 1) != 0)
        state_refuse(s, "the devices are others: '%s' when it was saved, '%s' now", name, v->name);
    state_same(s, v->class->id, "the kind of a device");
    state_same(s, v->features_offered, "the features of a device");
    state_same(s, v->config_size, "the size of a device's configuration");
    state_same(s, v->queues, "the queues of a device");
}

static void check_status(const struct virtio *v, struct state *s)
{
    bool accepted = v->status & VIRTIO_FEATURES_OK;

    if (v->status & ~STATUS_BITS || (!accepted && (v->status & VIRTIO_DRIVER_OK)))
        state_refuse(s, "%s: a status of 0x%x", v->name, v->status);
    if (accepted && ((v->features & ~v->features_offered) || !(v->features & VIRTIO_FEATURE_VERSION_1)))
        state_refuse(s, "%s: features that were never offered", v->name);
}

/* A ready queue's size and addresses are checked as when its driver made it ready. */
static void check_queue(struct virtio *v, struct virtq *q, bool ready, struct state *s)
{
    if (s->bad || !ready)
        return;
    q->event_idx = virtio_has(v, VIRTIO_FEATURE_EVENT_IDX);
    q->indirect = virtio_has(v, VIRTIO_FEATURE_INDIRECT);
    if (!(v->status & VIRTIO_FEATURES_OK) || virtq_enable(q) < 0)
        state_refuse(s, "%s: a queue's size or addresses are wrong", v->name);
}

/* Nothing is under way: as many chains were given back as were taken, so one index says both. */
static void queue_state(struct virtio *v, struct virtq *q, struct state *s)
{
    bool ready = q->ready;

    if (!s->loading && q->next_avail != q->next_used)
        state_refuse(s, "%s: a request is still under way", v->name);
    if (s->loading)
        virtq_reset(q);
    state_u16(s, &q->size);
    state_bool(s, &ready);
    state_u64(s, &q->desc.at);
    state_u64(s, &q->avail.at);
    state_u64(s, &q->used.at);
    state_u16(s, &q->next_avail);
    state_u16(s, &q->signalled);
    if (!s->loading)
        return;
    q->next_used = q->next_avail;
    if (q->size > q->size_max)
        state_refuse(s, "%s: a queue of %u", v->name, q->size);
    check_queue(v, q, ready, s);
}

void virtio_state(struct virtio *v, struct state *s)
{
    identity(v, s);
    state_u8(s, &v->status);
    state_u64(s, &v->features);
    state_u32(s, &v->config_generation);
    state_u32(s, &v->interrupt_status);
    if (s->loading)
        check_status(v, s);
    for (unsigned i = 0; i < v->queues; i++)
        queue_state(v, &v->queue[i], s);
    if (v->class->state)
        v->class->state(v, s);
}

void virtio_quiesce(struct virtio *v)
{
    if (v->class->quiesce)
        v->class->quiesce(v);
}

void virtio_go_on(struct virtio *v, bool restored)
{
    if (restored && v->class->restored)
        v->class->restored(v);
    if (restored && (v->status & VIRTIO_DRIVER_OK))
        virtio_interrupt(v, VIRTIO_INTERRUPT_USED); /* one more does no harm, one less may */
    virtio_again(v);
}
