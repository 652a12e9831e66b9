/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/serial.h"

#include <string.h>
#include <unistd.h>

#include "core/base/state.h"
#include "vmm/bus.h"

/* Registers by offset (PC16550D data sheet, table II). */
enum { RBR_THR, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_RX 1
#define IER_TX 2
#define LCR_DLAB 0x80
#define LSR_RX_READY 1
#define LSR_TX_EMPTY 0x60
#define MSR_CONNECTED 0xb0 /* carrier, data set ready, clear to send */
#define IIR_FIFO 0xc0
#define IIR_NONE 1
#define IIR_TX 2
#define IIR_RX 4

static uint8_t pending(const struct serial *s)
{
    if ((s->ier & IER_RX) && s->rx_len)
        return IIR_RX;
    if ((s->ier & IER_TX) && s->tx_interrupt)
        return IIR_TX;
    return IIR_NONE;
}

static void interrupt(struct serial *s)
{
    uint64_t one = 1;

    if (pending(s) != IIR_NONE && write(s->irq_fd, &one, sizeof(one)) < 0)
        return; /* the counter is full: the edge is already on its way */
}

static uint8_t take_byte(struct serial *s)
{
    uint8_t byte = s->rx[0];

    if (!s->rx_len)
        return 0;
    memmove(s->rx, s->rx + 1, --s->rx_len);
    interrupt(s);
    s->room(s->ctx);
    return byte;
}

static uint8_t read_iir(struct serial *s)
{
    uint8_t iir = pending(s);

    if (iir == IIR_TX)
        s->tx_interrupt = 0;
    return iir | IIR_FIFO;
}

static uint8_t read_register(struct serial *s, uint64_t offset)
{
    switch (offset) {
    case RBR_THR:
        return s->lcr & LCR_DLAB ? s->divisor[0] : take_byte(s);
    case IER:
        return s->lcr & LCR_DLAB ? s->divisor[1] : s->ier;
    case IIR_FCR:
        return read_iir(s);
    case LCR:
        return s->lcr;
    case MCR:
        return s->mcr;
    case LSR:
        return LSR_TX_EMPTY | (s->rx_len ? LSR_RX_READY : 0);
    case MSR:
        return MSR_CONNECTED;
    default:
        return s->scratch;
    }
}

static void serial_read(void *ctx, uint64_t offset, void *data, size_t len)
{
    if (len == 1)
        *(uint8_t *)data = read_register(ctx, offset);
}

static void send_byte(struct serial *s, uint8_t byte)
{
    s->output(s->ctx, &byte, 1);
    s->tx_interrupt = 1;
    interrupt(s);
}

static void serial_write(void *ctx, uint64_t offset, void *data, size_t len)
{
    struct serial *s = ctx;
    uint8_t value = *(uint8_t *)data;

    if (len != 1)
        return;
    if (offset <= IER && (s->lcr & LCR_DLAB)) {
        s->divisor[offset] = value;
    } else if (offset == RBR_THR) {
        send_byte(s, value);
    } else if (offset == IER) {
        s->tx_interrupt |= (value & IER_TX) && !(s->ier & IER_TX);
        s->ier = value & 0xf;
        interrupt(s);
    } else if (offset == LCR) {
        s->lcr = value;
    } else if (offset == MCR) {
        s->mcr = value;
    } else if (offset == SCR) {
        s->scratch = value;
    }
}

void serial_state(struct serial *s, struct state *t)
{
    uint8_t tx = s->tx_interrupt != 0;
    uint32_t len = s->rx_len;

    state_section(t, "UART");
    state_u8(t, &s->ier);
    state_u8(t, &s->lcr);
    state_u8(t, &s->mcr);
    state_u8(t, &s->scratch);
    state_bytes(t, s->divisor, sizeof(s->divisor));
    state_count(t, &len, SERIAL_FIFO);
    state_bytes(t, s->rx, len);
    state_u8(t, &tx);
    s->rx_len = len;
    s->tx_interrupt = tx != 0;
}

void serial_restored(struct serial *s)
{
    if (s->irq_fd >= 0)
        interrupt(s);
}

int serial_attach(struct serial *s, struct bus *pio, struct err *e)
{
    return bus_add(pio, &(struct bus_range){SERIAL_PORT, SERIAL_PORTS, serial_read, serial_write, s}, e);
}

size_t serial_input(struct serial *s, const void *bytes, size_t len)
{
    size_t room = SERIAL_FIFO - s->rx_len;

    if (len > room)
        len = room;
    memcpy(s->rx + s->rx_len, bytes, len);
    s->rx_len += (unsigned)len;
    interrupt(s);
    return len;
}
