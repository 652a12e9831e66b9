/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/chips_state.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/state.h"
#include "vmm/kvm.h"

int chips_read(struct chips *c, const struct kvm *k, struct err *e)
{
    struct kvm_clock_data clock = {0};

    for (uint32_t i = 0; i < ARRAY_SIZE(c->chip); i++) {
        c->chip[i] = (struct kvm_irqchip){.chip_id = i};
        if (ioctl(k->vm_fd, KVM_GET_IRQCHIP, &c->chip[i]) < 0)
            return err_sys(e, errno, "read interrupt controller %u", i);
    }
    if (ioctl(k->vm_fd, KVM_GET_CLOCK, &clock) < 0)
        return err_sys(e, errno, "read the guest's clock");
    c->clock = clock.clock;
    return 0;
}

int chips_write(const struct chips *c, const struct kvm *k, struct err *e)
{
    struct kvm_clock_data clock = {.clock = c->clock};

    for (uint32_t i = 0; i < ARRAY_SIZE(c->chip); i++)
        if (ioctl(k->vm_fd, KVM_SET_IRQCHIP, &c->chip[i]) < 0)
            return err_sys(e, errno, "set interrupt controller %u", i);
    if (ioctl(k->vm_fd, KVM_SET_CLOCK, &clock) < 0)
        return err_sys(e, errno, "set the guest's clock");
    return 0;
}

void chips_state(struct chips *c, struct state *s)
{
    state_section(s, "CHIP");
    for (uint32_t i = 0; i < ARRAY_SIZE(c->chip); i++) {
        state_bytes(s, &c->chip[i], sizeof(c->chip[i]));
        if (c->chip[i].chip_id != i)
            state_refuse(s, "interrupt controller %u is number %u", c->chip[i].chip_id, i);
    }
    state_u64(s, &c->clock);
}
