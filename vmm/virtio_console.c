/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_console.h"

#include <string.h>

#include "core/base/state.h"

#define LOG "virtio-console"
#include "core/base/log.h"

#define F_SIZE 1ULL
#define F_MULTIPORT 2ULL
#define F_EMERG_WRITE 4ULL

/* Queues (5.3.2): port 0 receive and transmit, control both ways, then a pair for each port. */
enum { CONTROL_RX = 2, CONTROL_TX = 3 };
#define OUTPUT_CHUNK 4096
/* The lock is held for a turn: no more requests and bytes in one, whatever a request's pieces sum to. */
#define BATCH 64
#define TURN_BYTES (1U << 20)
#define OUTPUT_MAX (16U << 20) /* Linux writes pages, with splice a pipe's worth of them */

/* Control events (5.3.6.2). */
enum {
    DEVICE_READY,
    DEVICE_ADD,
    DEVICE_REMOVE,
    PORT_READY,
    CONSOLE_PORT,
    RESIZE,
    PORT_OPEN,
    PORT_NAME,
};

struct control {
    uint32_t id;
    uint16_t event, value;
};

struct config {
    uint16_t cols, rows;
    uint32_t max_ports, emergency_write;
};

static struct virtio_console *console_of(struct virtio *v)
{
    return (struct virtio_console *)((char *)v - offsetof(struct virtio_console, v));
}

static unsigned receive_queue(unsigned port)
{
    return port == 0 ? 0 : 2 * port + 2;
}

/* Which port does a transmit queue belong to? Queues that belong to none are the caller's to skip. */
static unsigned port_of_queue(unsigned queue)
{
    return queue < 2 ? 0 : queue / 2 - 1;
}

/* --- control messages, each queued with its length before it --- */

static void flush_control(struct virtio_console *c)
{
    struct vreq r;

    while (c->control_len && virtio_pop(&c->v, CONTROL_RX, &r)) {
        uint8_t len = c->control[0];

        vreq_write(&r, 0, c->control + 1, len);
        virtio_used(&c->v, CONTROL_RX, r.head, r.write_len < len ? r.write_len : len);
        c->control_len -= len + 1UL;
        memmove(c->control, c->control + len + 1, c->control_len);
    }
    virtio_kick(&c->v, CONTROL_RX);
}

static void send_control(struct virtio_console *c, unsigned port, uint16_t event, uint16_t value,
                         const void *more, size_t more_len)
{
    struct control m = {.id = port, .event = event, .value = value};
    size_t len = sizeof(m) + more_len;

    if (!virtio_has(&c->v, F_MULTIPORT) || c->control_len + len + 1 > sizeof(c->control))
        return;
    c->control[c->control_len] = (uint8_t)len;
    memcpy(c->control + c->control_len + 1, &m, sizeof(m));
    if (more_len)
        memcpy(c->control + c->control_len + 1 + sizeof(m), more, more_len);
    c->control_len += len + 1;
    flush_control(c);
}

static void send_size(struct virtio_console *c)
{
    const uint16_t size[] = {c->rows, c->cols};

    if (c->rows)
        send_control(c, 0, RESIZE, 0, size, sizeof(size));
}

static void announce_port(struct virtio_console *c, unsigned port)
{
    const char *name = c->port[port].config.name;

    if (name)
        send_control(c, port, PORT_NAME, 1, name, strlen(name));
    else
        send_control(c, port, CONSOLE_PORT, 1, NULL, 0);
    send_control(c, port, PORT_OPEN, 1, NULL, 0);
    if (!name)
        send_size(c);
}

static void take_control(struct virtio_console *c, const struct control *m)
{
    if (m->event == DEVICE_READY && m->value == 1) {
        for (unsigned i = 0; i < c->ports; i++)
            send_control(c, i, DEVICE_ADD, 0, NULL, 0);
        return;
    }
    if (m->id >= c->ports)
        return;
    if (m->event == PORT_READY && m->value == 1)
        announce_port(c, m->id);
    else if (m->event == PORT_OPEN)
        c->port[m->id].guest_open = m->value;
}

static void control_notify(struct virtio_console *c)
{
    struct vreq r;

    for (int i = 0; virtio_pop(&c->v, CONTROL_TX, &r); i++) {
        struct control m;

        if (vreq_read(&r, 0, &m, sizeof(m)) == sizeof(m))
            take_control(c, &m);
        virtio_used(&c->v, CONTROL_TX, r.head, 0);
        if (i == BATCH) {
            virtio_again(&c->v);
            break;
        }
    }
    virtio_kick(&c->v, CONTROL_TX);
}

/* --- the ports' bytes --- */

static void flush_input(struct virtio_console *c, unsigned port)
{
    struct port_state *p = &c->port[port];
    unsigned queue = receive_queue(port);
    struct vreq r;

    while (p->len && virtio_pop(&c->v, queue, &r)) {
        size_t n = vreq_write(&r, 0, p->input, p->len);

        if (n == 0) { /* a driver that makes them faster than we take them would hold us for ever */
            virtio_fail(&c->v, "a receive buffer of no byte");
            return;
        }
        virtio_used(&c->v, queue, r.head, (uint32_t)n);
        c->v.stats.write_bytes += n;
        p->len -= n;
        memmove(p->input, p->input + n, p->len);
    }
    virtio_kick(&c->v, queue);
}

static void pass_output(struct virtio_console *c, unsigned port, const struct vreq *r)
{
    const struct virtio_console_port *to = &c->port[port].config;
    uint8_t bytes[OUTPUT_CHUNK];
    size_t n;

    for (size_t at = 0; (n = vreq_read(r, at, bytes, sizeof(bytes))) > 0; at += n) {
        to->output(to->ctx, bytes, n);
        c->v.stats.read_bytes += n;
    }
}

static void transmit_notify(struct virtio_console *c, unsigned queue)
{
    struct vreq r;
    size_t bytes = 0;

    for (int i = 0; virtio_pop(&c->v, queue, &r); i++) {
        if (r.read_len > OUTPUT_MAX) {
            virtio_fail(&c->v, "a transmit request of more than 16 MiB");
            return;
        }
        pass_output(c, port_of_queue(queue), &r);
        virtio_used(&c->v, queue, r.head, 0);
        bytes += r.read_len;
        if (i == BATCH || bytes >= TURN_BYTES) {
            virtio_again(&c->v);
            break;
        }
    }
    virtio_kick(&c->v, queue);
}

static void receive_notify(struct virtio_console *c, unsigned port)
{
    struct port_state *p = &c->port[port];

    flush_input(c, port);
    if (p->len < CONSOLE_INPUT_MAX && p->config.room)
        p->config.room(p->config.ctx);
}

static void console_notify(struct virtio *v, unsigned queue)
{
    struct virtio_console *c = console_of(v);

    if (queue == CONTROL_RX)
        flush_control(c);
    else if (queue == CONTROL_TX)
        control_notify(c);
    else if (queue % 2)
        transmit_notify(c, queue);
    else
        receive_notify(c, port_of_queue(queue));
}

static void console_config_read(struct virtio *v, size_t offset, void *to, size_t len)
{
    struct virtio_console *c = console_of(v);
    struct config config = {.cols = c->cols, .rows = c->rows, .max_ports = c->ports};

    memcpy(to, (uint8_t *)&config + offset, len);
}

/* 5.3.5: a driver too early for queues may write its characters here. */
static void console_config_write(struct virtio *v, size_t offset, const void *from, size_t len)
{
    struct virtio_console *c = console_of(v);

    if (offset == offsetof(struct config, emergency_write) && len)
        c->port[0].config.output(c->port[0].config.ctx, from, 1);
}

static void console_reset(struct virtio *v)
{
    struct virtio_console *c = console_of(v);

    c->control_len = 0;
    for (unsigned i = 0; i < c->ports; i++)
        c->port[i].guest_open = false;
}

static void port_state(struct port_state *p, struct state *s)
{
    uint32_t len = (uint32_t)p->len;

    state_count(s, &len, CONSOLE_INPUT_MAX);
    state_bytes(s, p->input, len);
    state_bool(s, &p->guest_open);
    p->len = len;
}

/* Each message has its length before it, and all end where the buffer does. */
static bool is_framed(const struct virtio_console *c)
{
    size_t at = 0;

    while (at < c->control_len)
        at += c->control[at] + 1UL;
    return at == c->control_len;
}

static void console_state(struct virtio *v, struct state *s)
{
    struct virtio_console *c = console_of(v);
    uint32_t len = (uint32_t)c->control_len;

    state_same(s, c->ports, "the ports of the console");
    for (unsigned i = 0; i < c->ports; i++)
        port_state(&c->port[i], s);
    state_u16(s, &c->rows);
    state_u16(s, &c->cols);
    state_count(s, &len, sizeof(c->control));
    state_bytes(s, c->control, len);
    c->control_len = len;
    if (!is_framed(c))
        state_refuse(s, "console: messages that do not end where they should");
}

static const struct virtio_class console_class = {
    .name = "console",
    .id = 3,
    .queue_size = 128,
    .notify = console_notify,
    .config_read = console_config_read,
    .config_write = console_config_write,
    .reset = console_reset,
    .state = console_state,
};

void virtio_console_init(struct virtio_console *c, const struct mem *mem,
                         const struct virtio_console_port *ports, unsigned n)
{
    *c = (struct virtio_console){.ports = n};
    for (unsigned i = 0; i < n; i++)
        c->port[i].config = ports[i];
    virtio_init(&c->v, &console_class, "console", mem, F_SIZE | F_MULTIPORT | F_EMERG_WRITE,
                sizeof(struct config), 2 * n + 2);
}

size_t virtio_console_input(struct virtio_console *c, unsigned port, const void *bytes, size_t len)
{
    struct port_state *p = &c->port[port];
    size_t room = CONSOLE_INPUT_MAX - p->len;

    if (len > room)
        len = room;
    memcpy(p->input + p->len, bytes, len);
    p->len += len;
    flush_input(c, port);
    return len;
}

void virtio_console_resize(struct virtio_console *c, uint16_t rows, uint16_t cols)
{
    c->rows = rows;
    c->cols = cols;
    virtio_config_changed(&c->v);
    send_size(c);
}
