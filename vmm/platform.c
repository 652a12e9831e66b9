/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/platform.h"

#include "core/base/auto.h"
#include "vmm/acpi.h"
#include "vmm/agent.h"
#include "vmm/bus.h"

#define KEYBOARD_PORT 0x64
#define KEYBOARD_RESET 0xfe

static void keyboard_read(void *ctx, uint64_t offset, void *data, size_t len)
{
    (void)ctx;
    (void)offset;
    (void)len;
    *(uint8_t *)data = 0; /* both buffers empty: the kernel waits for that before it resets */
}

static void keyboard_write(void *ctx, uint64_t offset, void *data, size_t len)
{
    const struct platform *p = ctx;

    (void)offset;
    (void)len;
    if (*(uint8_t *)data == KEYBOARD_RESET)
        p->reset(p->ctx);
}

static void power_read(void *ctx, uint64_t offset, void *data, size_t len)
{
    (void)ctx;
    (void)offset;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)data)[i] = 0;
}

static void power_write(void *ctx, uint64_t offset, void *data, size_t len)
{
    const struct platform *p = ctx;
    uint8_t value = *(uint8_t *)data;

    (void)len;
    if (offset == ACPI_RESET_PORT - ACPI_SLEEP_CONTROL_PORT && value == ACPI_RESET_VALUE)
        p->reset(p->ctx);
    /* ACPI 6.4, 4.8.3.7: SLP_TYP in bits 2-4, SLP_EN bit 5 */
    if (offset == 0 && value == (ACPI_S5_TYPE << 2 | ACPI_SLEEP_ENABLE))
        p->power_off(p->ctx);
}

static void mark_write(void *ctx, uint64_t offset, void *data, size_t len)
{
    const struct platform *p = ctx;

    (void)offset;
    (void)len;
    if (*(uint8_t *)data == BOOT_MARK_INIT)
        p->user_space(p->ctx);
}

static void timer_write(void *ctx, uint64_t offset, void *data, size_t len)
{
    const struct platform *p = ctx;

    (void)len;
    if (offset == 0 && *(uint8_t *)data == BOOT_TIMER_VALUE)
        p->user_space(p->ctx);
}

int platform_attach(const struct platform *p, struct bus *mmio, struct bus *pio, struct err *e)
{
    const struct {
        struct bus *bus;
        struct bus_range range;
    } ranges[] = {
        {pio, {KEYBOARD_PORT, 1, keyboard_read, keyboard_write, (void *)p}},
        {pio, {ACPI_SLEEP_CONTROL_PORT, 3, power_read, power_write, (void *)p}},
        {pio, {BOOT_MARK_PORT, 1, NULL, mark_write, (void *)p}},
        {mmio, {BOOT_TIMER_ADDRESS, 0x1000, NULL, timer_write, (void *)p}},
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(ranges) && r == 0; i++)
        r = bus_add(ranges[i].bus, &ranges[i].range, e);
    return r;
}
