/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/cpuid.h"

#include <string.h>

#include "core/base/auto.h"

#define BIT(n) (1U << (n))

enum reg { EAX, EBX, ECX, EDX };

/* Feature bits set or cleared whatever the host says. */
static const struct {
    uint32_t function;
    enum reg reg;
    uint32_t set, clear;
    const char *why;
} bits[] = {
    {0x1, ECX, BIT(24), 0, "TSC deadline timer: KVM always has it; saves LAPIC calibration"},
    {0x1, ECX, BIT(31), 0, "hypervisor present"},
    {0x1, ECX, BIT(21), 0, "x2APIC: no MMIO exit for each access"},
    {0x1, ECX, 0, BIT(5), "VMX: nested machines are off"},
    {0x1, ECX, 0, BIT(3), "MONITOR: the host must see the guest idle"},
    {0x1, EDX, BIT(28), 0, "leaf 1 EBX has a count of logical CPUs"},
    {0x6, EAX, BIT(2), 0, "ARAT: the timer never stops, so the kernel asks for no PIT"},
    {0x80000001, ECX, 0, BIT(2), "SVM: nested machines are off"},
};

static uint32_t *reg_of(struct kvm_cpuid_entry2 *e, enum reg r)
{
    uint32_t *const regs[] = {&e->eax, &e->ebx, &e->ecx, &e->edx};

    return regs[r];
}

static struct kvm_cpuid_entry2 *entry_add(struct cpuid_table *c, uint32_t function, uint32_t index)
{
    struct kvm_cpuid_entry2 *e;

    if (c->nent == CPUID_ENTRIES_MAX)
        return NULL;
    e = &c->entries[c->nent++];
    memset(e, 0, sizeof(*e));
    e->function = function;
    e->index = index;
    return e;
}

static struct kvm_cpuid_entry2 *entry_find(struct cpuid_table *c, uint32_t function)
{
    for (uint32_t i = 0; i < c->nent; i++)
        if (c->entries[i].function == function)
            return &c->entries[i];
    return entry_add(c, function, 0);
}

static void entries_drop(struct cpuid_table *c, uint32_t function)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < c->nent; i++)
        if (c->entries[i].function != function)
            c->entries[kept++] = c->entries[i];
    c->nent = kept;
}

static void set_bits(struct cpuid_table *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
        struct kvm_cpuid_entry2 *e = entry_find(c, bits[i].function);

        if (e) {
            uint32_t *reg = reg_of(e, bits[i].reg);

            *reg = (*reg | bits[i].set) & ~bits[i].clear;
        }
    }
}

/* Intel SDM, leaf 0BH: one package of `cpus` cores with one thread each. */
static void set_topology(struct cpuid_table *c, uint32_t function, unsigned index, unsigned cpus)
{
    unsigned shift = 0;

    while ((1U << shift) < cpus)
        shift++;
    entries_drop(c, function);
    for (unsigned level = 0; level < 2; level++) {
        struct kvm_cpuid_entry2 *e = entry_add(c, function, level);

        if (!e)
            return;
        e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
        e->eax = level ? shift : 0;
        e->ebx = level ? cpus : 1;
        e->ecx = level | (level + 1) << 8; /* 1: threads, 2: cores */
        e->edx = index;
    }
}

/*
 * Leaf 0x40000010 (VMware's, which Linux reads under KVM too): the clock's rate, which saves the
 * guest its calibration; the LAPIC timer's bus runs at 1 GHz in KVM.
 */
static void set_timing(struct cpuid_table *c, unsigned tsc_khz)
{
    struct kvm_cpuid_entry2 *top = entry_find(c, 0x40000000), *timing;

    if (!top || !tsc_khz)
        return;
    entries_drop(c, 0x40000010);
    timing = entry_add(c, 0x40000010, 0);
    if (!timing)
        return;
    timing->eax = tsc_khz;
    timing->ebx = 1000000;
    entry_find(c, 0x40000000)->eax = 0x40000010;
}

void cpuid_for_vcpu(struct cpuid_table *c, unsigned index, unsigned cpus, unsigned tsc_khz)
{
    struct kvm_cpuid_entry2 *one;

    set_bits(c);
    one = entry_find(c, 0x1);
    if (one) /* bits 31-24: APIC id, 23-16: logical CPUs of the package */
        one->ebx = (one->ebx & 0xffff) | cpus << 16 | index << 24;
    set_topology(c, 0xb, index, cpus);
    entries_drop(c, 0x1f); /* would win over 0xb with the host's own topology */
    set_timing(c, tsc_khz);
}
