/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a Linux kernel finds in memory and registers at its 64-bit entry (Linux
 * Documentation/x86/boot.rst, "64-bit boot protocol"): no firmware runs.
 *
 *   0x500    GDT                     0x9fc00  MP table (only without ACPI)
 *   0x7000   boot_params             0xe0000  ACPI tables (only with)
 *   0x9000   page tables, 4 GiB      0xffff0  reset vector
 *   0x20000  command line            1 MiB+   kernel
 *                                    top of low RAM: initrd
 */
#ifndef VMM_BOOT_X86_H
#define VMM_BOOT_X86_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct mem;
struct kernel_image;

#define BOOT_COMMAND_LINE_MAX 2047
#define BOOT_MPTABLE_AT 0x9fc00
#define BOOT_ACPI_AT 0xe0000
#define BOOT_ACPI_SIZE 0x1f000

struct boot_x86 {
    const struct kernel_image *kernel;
    const char *command_line;
    int initrd_fd; /* -1: none */
    bool acpi;     /* the tables are at BOOT_ACPI_AT */
};

/* Fills guest memory; *entry is where to start. */
int boot_x86_load(const struct boot_x86 *b, const struct mem *m, uint64_t *entry, struct err *e);

/* The boot CPU's registers at `entry`: long mode, paging on, rsi = boot_params. */
void boot_x86_registers(uint64_t entry, struct kvm_regs *regs);
void boot_x86_special_registers(struct kvm_sregs *sregs);

#endif
