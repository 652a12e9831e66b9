/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_mmio.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/state.h"

#define MAGIC 0x74726976 /* "virt" */
#define VERSION 2
#define VENDOR 0x504f544c /* "LTOP" */
#define CONFIG_AT 0x100

/* Registers, 4.2.2. */
enum {
    MAGIC_VALUE = 0x00,
    VERSION_REG = 0x04,
    DEVICE_ID = 0x08,
    VENDOR_ID = 0x0c,
    DEVICE_FEATURES = 0x10,
    DEVICE_FEATURES_SEL = 0x14,
    DRIVER_FEATURES = 0x20,
    DRIVER_FEATURES_SEL = 0x24,
    QUEUE_SEL = 0x30,
    QUEUE_NUM_MAX = 0x34,
    QUEUE_NUM = 0x38,
    QUEUE_READY = 0x44,
    QUEUE_NOTIFY = VIRTIO_MMIO_QUEUE_NOTIFY,
    INTERRUPT_STATUS = 0x60,
    INTERRUPT_ACK = 0x64,
    STATUS = 0x70,
    QUEUE_DESC_LOW = 0x80,
    QUEUE_DESC_HIGH = 0x84,
    QUEUE_DRIVER_LOW = 0x90,
    QUEUE_DRIVER_HIGH = 0x94,
    QUEUE_DEVICE_LOW = 0xa0,
    QUEUE_DEVICE_HIGH = 0xa4,
    CONFIG_GENERATION = 0xfc,
};

/* The queue that registers speak of; NULL when the driver selected one that is not there. */
static struct virtq *selected(struct virtio_mmio *m)
{
    return m->queue_select < m->v->queues ? &m->v->queue[m->queue_select] : NULL;
}

/* The half of a 64-bit feature word that `select` names; there are only two. */
static uint32_t half(uint64_t word, uint32_t select)
{
    return select == 0 ? (uint32_t)word : select == 1 ? (uint32_t)(word >> 32) : 0;
}

static uint32_t read_register(struct virtio_mmio *m, uint64_t offset)
{
    struct virtio *v = m->v;
    struct virtq *q = selected(m);

    switch (offset) {
    case MAGIC_VALUE:
        return MAGIC;
    case VERSION_REG:
        return VERSION;
    case DEVICE_ID:
        return v->class->id;
    case VENDOR_ID:
        return VENDOR;
    case DEVICE_FEATURES:
        return half(v->features_offered, m->device_features_select);
    case QUEUE_NUM_MAX:
        return q ? q->size_max : 0;
    case QUEUE_READY:
        return q ? q->ready : 0;
    case INTERRUPT_STATUS:
        return v->interrupt_status;
    case STATUS:
        return v->status;
    case CONFIG_GENERATION:
        return v->config_generation;
    default:
        return 0;
    }
}

static uint32_t *in_page(struct virtio_mmio *m, uint64_t offset)
{
    return (uint32_t *)(void *)(m->page + (offset - VIRTIO_MMIO_UPPER));
}

/* Not over what the driver wrote meanwhile, which `look` will see. */
static void show_status(struct virtio_mmio *m)
{
    uint32_t expected = m->shown, status = m->v->status;

    if (!m->open)
        __atomic_store_n(in_page(m, STATUS), status, __ATOMIC_RELEASE);
    else if (!__atomic_compare_exchange_n(in_page(m, STATUS), &expected, status, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE))
        return;
    m->shown = status;
}

/* Each in one store: the guest may be reading it. */
static void show(void *ctx)
{
    static const uint8_t registers[] = {INTERRUPT_STATUS, CONFIG_GENERATION};
    struct virtio_mmio *m = ctx;

    if (!m->page)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
        __atomic_store_n(in_page(m, registers[i]), read_register(m, registers[i]), __ATOMIC_RELEASE);
    show_status(m);
}

/* A driver whose writes do not come through memory comes through `virtio_mmio_write`, slower. */
static void open_page(struct virtio_mmio *m, bool open)
{
    if (m->page && open != m->open)
        m->open = m->map(m->map_ctx, m->page, open) == 0 && open;
}

static uint32_t status_written(struct virtio_mmio *m)
{
    return m->open ? __atomic_load_n(in_page(m, STATUS), __ATOMIC_ACQUIRE) : m->shown;
}

/* A driver clears bits of its own in no other way (2.1.1). */
static bool is_reset(void *ctx)
{
    struct virtio_mmio *m = ctx;

    return m->shown & ~status_written(m) & ~(uint32_t)VIRTIO_NEEDS_RESET;
}

/* What the driver wrote into the page becomes the device's status. */
static void look(struct virtio_mmio *m)
{
    uint32_t status = status_written(m);

    if (status == m->shown)
        return;
    if (is_reset(m)) {
        open_page(m, false);
        status = __atomic_load_n(in_page(m, STATUS), __ATOMIC_ACQUIRE); /* what came last */
        virtio_set_status(m->v, 0);
    }
    if ((uint8_t)status)
        virtio_set_status(m->v, (uint8_t)status);
    m->shown = status;
    show(m);
}

int virtio_mmio_show(struct virtio_mmio *m, virtio_mmio_map *map, void *ctx)
{
    void *page = mmap(NULL, VIRTIO_MMIO_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return -errno;
    m->page = page;
    m->map = map;
    m->map_ctx = ctx;
    if (m->v->config_size > 0)
        m->v->class->config_read(m->v, 0, in_page(m, CONFIG_AT), m->v->config_size);
    m->v->show = show;
    m->v->is_reset = is_reset;
    m->v->show_ctx = m;
    show(m);
    return map(ctx, page, false);
}

static void set_features(struct virtio_mmio *m, uint32_t value)
{
    struct virtio *v = m->v;
    unsigned shift = m->driver_features_select * 32;

    if (m->driver_features_select > 1 || (v->status & VIRTIO_FEATURES_OK))
        return; /* frozen once accepted */
    v->features = (v->features & ~(0xffffffffULL << shift)) | (uint64_t)value << shift;
}

static void set_half(struct gpa *address, uint32_t value, bool high)
{
    address->at = high ? (address->at & 0xffffffff) | (uint64_t)value << 32
                       : (address->at & ~0xffffffffULL) | value;
}

/* A queue's size and addresses are frozen while it is ready (CVE-2026-5747's lesson). */
static void set_queue(struct virtio_mmio *m, uint64_t offset, uint32_t value)
{
    struct virtq *q = selected(m);

    if (!q || q->ready)
        return;
    switch (offset) {
    case QUEUE_NUM:
        q->size = value <= q->size_max ? (uint16_t)value : 0;
        break;
    case QUEUE_DESC_LOW:
    case QUEUE_DESC_HIGH:
        set_half(&q->desc, value, offset == QUEUE_DESC_HIGH);
        break;
    case QUEUE_DRIVER_LOW:
    case QUEUE_DRIVER_HIGH:
        set_half(&q->avail, value, offset == QUEUE_DRIVER_HIGH);
        break;
    case QUEUE_DEVICE_LOW:
    case QUEUE_DEVICE_HIGH:
        set_half(&q->used, value, offset == QUEUE_DEVICE_HIGH);
        break;
    case QUEUE_READY:
        if (value == 1)
            virtio_enable_queue(m->v, m->queue_select);
        break;
    default:
        break;
    }
}

static void notify(struct virtio *v, uint32_t queue)
{
    if (queue < v->queues && v->queue[queue].ready && (v->status & VIRTIO_DRIVER_OK))
        v->class->notify(v, queue);
}

static void write_register(struct virtio_mmio *m, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case DEVICE_FEATURES_SEL:
        m->device_features_select = value;
        break;
    case DRIVER_FEATURES:
        set_features(m, value);
        break;
    case DRIVER_FEATURES_SEL:
        m->driver_features_select = value;
        break;
    case QUEUE_SEL:
        m->queue_select = value;
        break;
    case QUEUE_NOTIFY:
        notify(m->v, value);
        break;
    case INTERRUPT_ACK:
        m->v->interrupt_status &= ~value;
        break;
    case STATUS:
        virtio_set_status(m->v, (uint8_t)value);
        show(m);
        open_page(m, m->v->status & VIRTIO_DRIVER_OK);
        break;
    default:
        set_queue(m, offset, value);
        break;
    }
}

static bool is_config(const struct virtio_mmio *m, uint64_t offset, size_t len)
{
    return offset >= CONFIG_AT && offset - CONFIG_AT < m->v->config_size &&
           len <= m->v->config_size - (offset - CONFIG_AT);
}

void virtio_mmio_read(void *ctx, uint64_t offset, void *data, size_t len)
{
    struct virtio_mmio *m = ctx;

    look(m);
    memset(data, 0, len);
    if (is_config(m, offset, len)) {
        m->v->class->config_read(m->v, offset - CONFIG_AT, data, len);
    } else if (len == 4 && offset < CONFIG_AT) {
        uint32_t value = read_register(m, offset);

        memcpy(data, &value, sizeof(value));
    }
}

void virtio_mmio_write(void *ctx, uint64_t offset, void *data, size_t len)
{
    struct virtio_mmio *m = ctx;

    look(m);
    if (is_config(m, offset, len)) {
        if (m->v->class->config_write)
            m->v->class->config_write(m->v, offset - CONFIG_AT, data, len);
    } else if (len == 4 && offset < CONFIG_AT) {
        uint32_t value;

        memcpy(&value, data, sizeof(value));
        write_register(m, offset, value);
        if (offset != QUEUE_NOTIFY)
            show(m);
    }
}

static void on_notify(void *ctx, uint32_t events)
{
    struct virtio_mmio *m = ctx;
    uint64_t count;

    (void)events;
    if (read(m->notify_fd, &count, sizeof(count)) != sizeof(count))
        return;
    look(m);
    m->v->on_loop = true;
    for (unsigned i = 0; i < m->v->queues; i++)
        notify(m->v, i);
    m->v->on_loop = false;
}

void virtio_mmio_state(struct virtio_mmio *m, struct state *s)
{
    look(m);
    virtio_state(m->v, s);
    state_u32(s, &m->device_features_select);
    state_u32(s, &m->driver_features_select);
    state_u32(s, &m->queue_select);
    show(m);
    open_page(m, m->v->status & VIRTIO_DRIVER_OK);
}

int virtio_mmio_init(struct virtio_mmio *m, struct virtio *v, struct loop *l, struct err *e)
{
    int r;

    *m = (struct virtio_mmio){.v = v, .loop = l, .notify_fd = -1, .watch.fd = -1};
    m->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->notify_fd < 0)
        r = err_sys(e, errno, "device %s", v->name);
    else
        r = loop_add(l, &m->watch, m->notify_fd, EPOLLIN, on_notify, m, e);
    if (r < 0)
        virtio_mmio_release(m);
    else
        v->notify_fd = m->notify_fd;
    return r;
}

void virtio_mmio_release(struct virtio_mmio *m)
{
    if (m->loop)
        loop_remove(m->loop, &m->watch);
    if (m->notify_fd >= 0)
        close(m->notify_fd);
    m->notify_fd = -1;
    if (m->page)
        munmap(m->page, VIRTIO_MMIO_PAGE);
    m->page = NULL;
}
