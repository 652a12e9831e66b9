/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of a virtual CPU, read from KVM and given back to it.
 *
 * The vCPU must be out of KVM_RUN with nothing half done (vcpus_pause guarantees it).  What a host's KVM
 * lacks (extended state, debug registers) is left out; a state that has it is then refused.  The order of
 * both ways is KVM's, not ours: the start-up state first when reading, since that settles pending INITs;
 * pending events last; when writing, CPUID before the registers it describes, the local APIC before the
 * timer's deadline, which needs the timer's mode.
 */
#ifndef VMM_VCPU_STATE_H
#define VMM_VCPU_STATE_H

#include <linux/kvm.h>

#include "vmm/cpuid.h"

struct err;
struct kvm;
struct state;

#define VCPU_MSRS_MAX 512
#define VCPU_XSAVE_MAX 16384

struct vcpu_registers {
    struct cpuid_table cpuid;
    struct kvm_mp_state mp;
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    uint32_t xsave_size; /* bytes; 0: fpu instead */
    uint8_t xsave[VCPU_XSAVE_MAX];
    struct kvm_fpu fpu;
    struct kvm_xcrs xcrs;
    struct kvm_debugregs debug;
    struct kvm_lapic_state lapic;
    struct kvm_vcpu_events events;
    uint32_t msrs;
    struct kvm_msr_entry msr[VCPU_MSRS_MAX];
};

/* All but the CPUID, which is vcpu_cpuid's. */
int vcpu_registers_read(struct vcpu_registers *r, const struct kvm *k, int fd, struct err *e);
/*
 * The guest's CPUs have one clock.  Read one after the other it differs; written so it would go apart,
 * and KVM takes values that are near for a wish that they be the same.
 */
void vcpu_registers_same_clock(const struct vcpu_registers *first, struct vcpu_registers *r);
int vcpu_registers_write(const struct vcpu_registers *r, const struct kvm *k, int fd, struct err *e);
/* Both ways between them and the file. */
void vcpu_registers_state(struct vcpu_registers *r, struct state *s);

/* What vCPU `index` of `count` tells its guest about the processor. */
int vcpu_cpuid(struct cpuid_table *t, const struct kvm *k, int fd, unsigned index, unsigned count, struct err *e);
/*
 * Can a guest that was told `saved` go on with a processor described by `mine`?  All but the clock's rate
 * must be the same; that may differ by what a guest's own clock correction stands.
 */
int cpuid_same(const struct cpuid_table *saved, const struct cpuid_table *mine, struct err *e);

#endif
