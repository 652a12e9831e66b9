/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM's interrupt controllers and the guest's clock, read and given back.  There is no PIT. */
#ifndef VMM_CHIPS_STATE_H
#define VMM_CHIPS_STATE_H

#include <linux/kvm.h>
#include <stdint.h>

struct err;
struct kvm;
struct state;

struct chips {
    struct kvm_irqchip chip[3]; /* both PICs, IOAPIC */
    uint64_t clock;             /* nanoseconds of kvmclock: it goes on from there, whatever time went by */
};

int chips_read(struct chips *c, const struct kvm *k, struct err *e);
/* After the vCPUs' registers: it takes the clock's rate and the local APICs from there. */
int chips_write(const struct chips *c, const struct kvm *k, struct err *e);
void chips_state(struct chips *c, struct state *s);

#endif
