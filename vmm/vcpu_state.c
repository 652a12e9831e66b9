/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/vcpu_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "vmm/kvm.h"
#include "core/base/state.h"

#define MSR_TSC 0x10
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_CHUNK 128 /* KVM takes up to 256 at a time */
#define TIMING_LEAF 0x40000010
#define AMD_TOPOLOGY_LEAF 0x8000001e
#define TSC_PPM 250

/* Nested VMX and Hyper-V are never offered to the guest, yet KVM lists their registers. */
static const struct {
    uint32_t first, last;
} never_used[] = {{0x480, 0x4a0}, {0x40000000, 0x4000ffff}};

/* --- model specific registers --- */

static bool is_used(uint32_t msr)
{
    for (size_t i = 0; i < ARRAY_SIZE(never_used); i++)
        if (msr >= never_used[i].first && msr <= never_used[i].last)
            return false;
    return true;
}

struct msr_chunk {
    struct kvm_msrs head;
    struct kvm_msr_entry entry[MSR_CHUNK];
};

static int list_msrs(struct vcpu_registers *r, const struct kvm *k, struct err *e)
{
    struct {
        struct kvm_msr_list head;
        uint32_t index[VCPU_MSRS_MAX];
    } list = {.head.nmsrs = VCPU_MSRS_MAX};

    if (ioctl(k->sys_fd, KVM_GET_MSR_INDEX_LIST, &list) < 0)
        return err_sys(e, errno, "list model specific registers");
    r->msrs = 0;
    for (uint32_t i = 0; i < list.head.nmsrs; i++)
        if (is_used(list.index[i]))
            r->msr[r->msrs++] = (struct kvm_msr_entry){.index = list.index[i]};
    return 0;
}

/* Some on the list are of processors other than this: KVM stops at one, which is then left out. */
static int read_msrs(struct vcpu_registers *r, int fd, struct err *e)
{
    uint32_t kept = 0, at = 0;

    while (at < r->msrs) {
        uint32_t n = r->msrs - at < MSR_CHUNK ? r->msrs - at : MSR_CHUNK;
        struct msr_chunk c = {.head.nmsrs = n};
        int got;

        memcpy(c.entry, r->msr + at, n * sizeof(c.entry[0]));
        got = ioctl(fd, KVM_GET_MSRS, &c);
        if (got < 0)
            return err_sys(e, errno, "read model specific registers");
        memcpy(r->msr + kept, c.entry, (size_t)got * sizeof(c.entry[0]));
        kept += (uint32_t)got;
        at += (uint32_t)got + ((uint32_t)got < n);
    }
    r->msrs = kept;
    return 0;
}

/* One that cannot be set is no loss where it holds zero, as after a reset. */
static int write_msrs(const struct kvm_msr_entry *msr, uint32_t n, int fd, struct err *e)
{
    for (uint32_t at = 0; at < n;) {
        uint32_t left = n - at < MSR_CHUNK ? n - at : MSR_CHUNK;
        struct msr_chunk c = {.head.nmsrs = left};
        int set;

        memcpy(c.entry, msr + at, left * sizeof(c.entry[0]));
        set = ioctl(fd, KVM_SET_MSRS, &c);
        if (set < 0)
            return err_sys(e, errno, "set model specific registers");
        at += (uint32_t)set;
        if ((uint32_t)set < left && msr[at].data != 0)
            return err_set(e, ENOTSUP, "this host's KVM does not take register 0x%x of the saved machine",
                           msr[at].index);
        at += (uint32_t)set < left;
    }
    return 0;
}

/* The deadline of the timer goes last, the clock it is measured by first. */
static int write_msrs_in_order(const struct vcpu_registers *r, int fd, struct err *e)
{
    struct kvm_msr_entry *sorted = calloc(r->msrs + 1, sizeof(*sorted)), *at = sorted;
    int rc;

    if (!sorted)
        return err_sys(e, ENOMEM, "model specific registers");
    for (int turn = 0; turn < 3; turn++)
        for (uint32_t i = 0; i < r->msrs; i++) {
            uint32_t index = r->msr[i].index;

            if (turn == (index == MSR_TSC ? 0 : index == MSR_TSC_DEADLINE ? 2 : 1))
                *at++ = r->msr[i];
        }
    rc = write_msrs(sorted, r->msrs, fd, e);
    free(sorted);
    return rc;
}

/* --- extended state --- */

static int capability(const struct kvm *k, int which)
{
    int n = ioctl(k->vm_fd, KVM_CHECK_EXTENSION, which);

    return n > 0 ? n : 0;
}

/* Bytes of the extended state on this host; 0 when KVM hands out none. */
static uint32_t xsave_size(const struct kvm *k)
{
    int size = capability(k, KVM_CAP_XSAVE2);

    if (size > 0 && size <= VCPU_XSAVE_MAX)
        return (uint32_t)size;
    return capability(k, KVM_CAP_XSAVE) ? sizeof(struct kvm_xsave) : 0;
}

static int read_extended(struct vcpu_registers *r, const struct kvm *k, int fd)
{
    r->xsave_size = xsave_size(k);
    if (r->xsave_size == 0)
        return ioctl(fd, KVM_GET_FPU, &r->fpu);
    return ioctl(fd, capability(k, KVM_CAP_XSAVE2) ? KVM_GET_XSAVE2 : KVM_GET_XSAVE, r->xsave);
}

static int write_extended(const struct vcpu_registers *r, const struct kvm *k, int fd)
{
    if (r->xsave_size != xsave_size(k)) {
        errno = ENOTSUP;
        return -1;
    }
    return r->xsave_size ? ioctl(fd, KVM_SET_XSAVE, r->xsave) : ioctl(fd, KVM_SET_FPU, &r->fpu);
}

/* --- all of them --- */

int vcpu_registers_read(struct vcpu_registers *r, const struct kvm *k, int fd, struct err *e)
{
    if (ioctl(fd, KVM_GET_MP_STATE, &r->mp) < 0 || ioctl(fd, KVM_GET_REGS, &r->regs) < 0 ||
        ioctl(fd, KVM_GET_SREGS, &r->sregs) < 0 || read_extended(r, k, fd) < 0 ||
        (capability(k, KVM_CAP_XCRS) && ioctl(fd, KVM_GET_XCRS, &r->xcrs) < 0) ||
        (capability(k, KVM_CAP_DEBUGREGS) && ioctl(fd, KVM_GET_DEBUGREGS, &r->debug) < 0) ||
        ioctl(fd, KVM_GET_LAPIC, &r->lapic) < 0)
        return err_sys(e, errno, "read a vCPU's registers");
    if (list_msrs(r, k, e) < 0 || read_msrs(r, fd, e) < 0)
        return -EIO;
    if (ioctl(fd, KVM_GET_VCPU_EVENTS, &r->events) < 0)
        return err_sys(e, errno, "read a vCPU's pending events");
    return 0;
}

int vcpu_registers_write(const struct vcpu_registers *r, const struct kvm *k, int fd, struct err *e)
{
    int rc;

    if (ioctl(fd, KVM_SET_CPUID2, &r->cpuid) < 0 || ioctl(fd, KVM_SET_MP_STATE, &r->mp) < 0 ||
        ioctl(fd, KVM_SET_REGS, &r->regs) < 0 || ioctl(fd, KVM_SET_SREGS, &r->sregs) < 0 ||
        write_extended(r, k, fd) < 0 ||
        (capability(k, KVM_CAP_XCRS) && ioctl(fd, KVM_SET_XCRS, &r->xcrs) < 0) ||
        (capability(k, KVM_CAP_DEBUGREGS) && ioctl(fd, KVM_SET_DEBUGREGS, &r->debug) < 0) ||
        ioctl(fd, KVM_SET_LAPIC, &r->lapic) < 0)
        return err_sys(e, errno, "set a vCPU's registers");
    rc = write_msrs_in_order(r, fd, e);
    if (rc < 0)
        return rc;
    if (ioctl(fd, KVM_SET_VCPU_EVENTS, &r->events) < 0)
        return err_sys(e, errno, "set a vCPU's pending events");
    /* The guest's watchdogs must not take the time between for their own; not every guest has asked. */
    if (ioctl(fd, KVM_KVMCLOCK_CTRL, 0) < 0 && errno != EINVAL)
        return err_sys(e, errno, "tell a vCPU that it was paused");
    return 0;
}

static struct kvm_msr_entry *find_msr(struct vcpu_registers *r, uint32_t index)
{
    for (uint32_t i = 0; i < r->msrs; i++)
        if (r->msr[i].index == index)
            return &r->msr[i];
    return NULL;
}

void vcpu_registers_same_clock(const struct vcpu_registers *first, struct vcpu_registers *r)
{
    const struct kvm_msr_entry *from = find_msr((struct vcpu_registers *)first, MSR_TSC);
    struct kvm_msr_entry *to = find_msr(r, MSR_TSC);

    if (from && to)
        to->data = from->data;
}

static void array_state(struct state *s, uint32_t *n, uint32_t max, void *at, size_t size)
{
    state_count(s, n, max);
    state_bytes(s, at, *n * size);
}

void vcpu_registers_state(struct vcpu_registers *r, struct state *s)
{
    state_section(s, "VCPU");
    array_state(s, &r->cpuid.nent, CPUID_ENTRIES_MAX, r->cpuid.entries, sizeof(r->cpuid.entries[0]));
    state_bytes(s, &r->mp, sizeof(r->mp));
    state_bytes(s, &r->regs, sizeof(r->regs));
    state_bytes(s, &r->sregs, sizeof(r->sregs));
    array_state(s, &r->xsave_size, VCPU_XSAVE_MAX, r->xsave, 1);
    state_bytes(s, &r->fpu, sizeof(r->fpu));
    state_bytes(s, &r->xcrs, sizeof(r->xcrs));
    state_bytes(s, &r->debug, sizeof(r->debug));
    state_bytes(s, &r->lapic, sizeof(r->lapic));
    state_bytes(s, &r->events, sizeof(r->events));
    array_state(s, &r->msrs, VCPU_MSRS_MAX, r->msr, sizeof(r->msr[0]));
}

/* --- is it the same processor? --- */

int vcpu_cpuid(struct cpuid_table *t, const struct kvm *k, int fd, unsigned index, unsigned count, struct err *e)
{
    int tsc_khz = ioctl(fd, KVM_GET_TSC_KHZ, 0), r = kvm_supported_cpuid(k, t, e);

    if (r == 0)
        cpuid_for_vcpu(t, index, count, tsc_khz > 0 ? (unsigned)tsc_khz : 0);
    return r;
}

static const struct kvm_cpuid_entry2 *find(const struct cpuid_table *c, const struct kvm_cpuid_entry2 *like)
{
    for (uint32_t i = 0; i < c->nent; i++)
        if (c->entries[i].function == like->function && c->entries[i].index == like->index)
            return &c->entries[i];
    return NULL;
}

static bool rate_is_near(uint32_t saved, uint32_t mine)
{
    uint64_t apart = saved > mine ? saved - mine : mine - saved;

    return apart * 1000000 <= (uint64_t)mine * TSC_PPM;
}

static bool entry_same(const struct kvm_cpuid_entry2 *saved, const struct kvm_cpuid_entry2 *mine)
{
    if (saved->function == AMD_TOPOLOGY_LEAF)
        return true; /* of whichever CPU of the host was asked */
    if (saved->function == TIMING_LEAF)
        return rate_is_near(saved->eax, mine->eax);
    return saved->eax == mine->eax && saved->ebx == mine->ebx && saved->ecx == mine->ecx &&
           saved->edx == mine->edx;
}

int cpuid_same(const struct cpuid_table *saved, const struct cpuid_table *mine, struct err *e)
{
    if (saved->nent != mine->nent)
        return err_set(e, EINVAL, "another processor: its description has %u entries, this one's %u",
                       saved->nent, mine->nent);
    for (uint32_t i = 0; i < saved->nent; i++) {
        const struct kvm_cpuid_entry2 *s = &saved->entries[i], *m = find(mine, s);

        if (!m || !entry_same(s, m))
            return err_set(e, EINVAL, "another processor: leaf 0x%x of its description differs", s->function);
    }
    return 0;
}
