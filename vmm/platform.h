/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few registers a PC without devices still has: reset and power-off, and the boot marks.
 *
 *   port 0x64       keyboard controller: write 0xfe resets (kernels with reboot=k); reads "empty"
 *   port 0x600..2   ACPI sleep control, sleep status, reset (acpi.h)
 *   port 0x80       boot mark of Cloud Hypervisor: 0x41 when /init starts (agent.h)
 *   0xC0000000      boot timer of Firecracker: 123 when user space starts
 */
#ifndef VMM_PLATFORM_H
#define VMM_PLATFORM_H

struct err;
struct bus;

/* Called with the machine's lock held, on a vCPU thread. */
struct platform {
    void (*reset)(void *ctx);
    void (*power_off)(void *ctx);
    void (*user_space)(void *ctx);
    void *ctx;
};

/* `p` is borrowed for the life of the buses. */
int platform_attach(const struct platform *p, struct bus *mmio, struct bus *pio, struct err *e);

#endif
