/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console device (virtio 1.2, 5.3): port 0 is hvc0, further ports have names.
 *
 * What the guest writes goes to the port's `output`.  What is sent to the guest waits in a bounded
 * buffer a port while the guest has no room; a guest that does not read costs nothing more.
 */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include "vmm/virtio.h"

#define CONSOLE_PORTS_MAX 4
#define CONSOLE_INPUT_MAX 4096

struct virtio_console_port {
    const char *name; /* NULL: the console port 0 */
    void (*output)(void *ctx, const void *bytes, size_t len);
    void (*room)(void *ctx); /* input can be taken again; NULL: nobody asks */
    void *ctx;
};

struct virtio_console {
    struct virtio v;
    unsigned ports; /* [const] */
    struct port_state {
        struct virtio_console_port config; /* [const] */
        uint8_t input[CONSOLE_INPUT_MAX];
        size_t len;
        bool guest_open;
    } port[CONSOLE_PORTS_MAX];
    uint16_t rows, cols;
    uint8_t control[256]; /* messages to the driver that wait for its buffers */
    size_t control_len;
};

void virtio_console_init(struct virtio_console *c, const struct mem *mem,
                         const struct virtio_console_port *ports, unsigned n);
/* Takes what fits, returns how much. */
size_t virtio_console_input(struct virtio_console *c, unsigned port, const void *bytes, size_t len);
void virtio_console_resize(struct virtio_console *c, uint16_t rows, uint16_t cols);

#endif
