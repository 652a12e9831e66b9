/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MP table (Intel MultiProcessor Specification 1.4): CPUs, the IOAPIC and its 16 ISA lines, for
 * kernels without ACPI.
 */
#ifndef VMM_MPTABLE_H
#define VMM_MPTABLE_H

struct err;
struct mem;

int mptable_write(const struct mem *m, unsigned cpus, struct err *e);

#endif
