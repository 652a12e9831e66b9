/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least ACPI that a stock kernel boots on (ACPI 6.4): RSDP, XSDT, hardware-reduced FADT, MADT
 * and a DSDT that names the virtio-mmio devices (LNRO0005) and the power-off state.
 *
 * Distribution kernels are built without VIRTIO_MMIO_CMDLINE_DEVICES, so they find their devices
 * here or nowhere.
 */
#ifndef VMM_ACPI_H
#define VMM_ACPI_H

#include <stdint.h>

struct err;
struct mem;

/* Ports of the hardware-reduced sleep and reset registers (platform.h answers them). */
#define ACPI_SLEEP_CONTROL_PORT 0x600
#define ACPI_SLEEP_STATUS_PORT 0x601
#define ACPI_RESET_PORT 0x602
#define ACPI_RESET_VALUE 1
#define ACPI_S5_TYPE 5
#define ACPI_SLEEP_ENABLE 0x20

#define ACPI_ID_VIRTIO_MMIO "LNRO0005"
#define ACPI_ID_SERIAL "PNP0501" /* a 16550A */

struct acpi_device {
    const char *id;         /* an ACPI_ID_ of static storage */
    uint64_t address, size; /* window: memory, for the serial port I/O ports */
    uint32_t irq;
};

int acpi_write(const struct mem *m, unsigned cpus, const struct acpi_device *devices,
               unsigned ndevices, struct err *e);

#endif
