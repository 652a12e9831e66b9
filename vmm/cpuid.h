/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPUID tells the guest: what KVM supports, with this VMM's own rows laid over it.
 */
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

#include <linux/kvm.h>
#include <stdint.h>

#define CPUID_ENTRIES_MAX 256

/* Laid out as the kernel's struct kvm_cpuid2 with its entries. */
struct cpuid_table {
    uint32_t nent, padding;
    struct kvm_cpuid_entry2 entries[CPUID_ENTRIES_MAX];
};

/*
 * Turns the set that KVM supports into that of vCPU `index` of `cpus`; `tsc_khz` is its clock's rate,
 * 0 when not known.
 */
void cpuid_for_vcpu(struct cpuid_table *c, unsigned index, unsigned cpus, unsigned tsc_khz);

#endif
