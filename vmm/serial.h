/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 16550 serial port at 0x3f8, interrupt 4: only on request, for early kernel messages and for
 * kernels without virtio-console.  Every byte is an exit, so it is slow.
 */
#ifndef VMM_SERIAL_H
#define VMM_SERIAL_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct bus;
struct state;

#define SERIAL_PORT 0x3f8
#define SERIAL_PORTS 8
#define SERIAL_IRQ 4
#define SERIAL_FIFO 64

/* Used with the machine's lock held. */
struct serial {
    void (*output)(void *ctx, const void *bytes, size_t len); /* [const] */
    void (*room)(void *ctx); /* [const] bytes for the guest can be taken again */
    void *ctx;               /* [const] */
    int irq_fd;              /* [const] eventfd */
    uint8_t ier, lcr, mcr, scratch, divisor[2];
    uint8_t rx[SERIAL_FIFO];
    unsigned rx_len;
    int tx_interrupt; /* "transmitter empty" not yet taken note of */
};

int serial_attach(struct serial *s, struct bus *pio, struct err *e);
/* Its registers, both ways (core/base/state.h). */
void serial_state(struct serial *s, struct state *t);
/* After a restore: an interrupt may have been on its way. */
void serial_restored(struct serial *s);
/* Takes what fits, returns how much. */
size_t serial_input(struct serial *s, const void *bytes, size_t len);

#endif
