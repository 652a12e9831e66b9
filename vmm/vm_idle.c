/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a machine that nobody uses (idle.h): when it comes, and how. */
#include <errno.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "vmm/console.h"
#include "vmm/devices.h"
#include "vmm/net_link.h"
#include "vmm/spec.h"
#include "vmm/vcpu.h"
#include "vmm/vm_parts.h"

/* Asking lxtop-net takes its turn of the loop, so it comes last and only where all else is quiet. */
static void gather(struct vm *vm, struct idle_facts *f)
{
    struct net_link *net = devices_net(vm->devices);

    *f = (struct idle_facts){.users = console_viewers(vm->console)};
    f->visits = console_visits(vm->console);
    devices_sessions(vm->devices, &f->users, &f->visits);
    for (unsigned i = 0; i < vm->spec->cpus; i++)
        f->cpu_us += vcpus_time_us(vm->vcpus, i);
    if (net->forwards > 0)
        net_link_usage(net, f->users == 0, &f->users, &f->visits);
}

/*
 * How an idle machine ends.  The one place to decide it: one that has a place to be saved to is suspended;
 * the others, and those that cannot be saved just now, power off in order.
 */
static void end_idle(struct vm *vm)
{
    struct err e;

    if (vm->spec->suspend && vm_save(vm, vm->spec->suspend, true, NULL, &e) == 0)
        return;
    if (vm->spec->suspend)
        vm_on_note(vm, e.msg);
    vm->idle_stop = true;
    vm_stop(vm, false, vm->spec->idle_stop_ms);
}

void vm_on_idle_timer(void *ctx, uint32_t events)
{
    struct vm *vm = ctx;
    struct idle_facts now;

    (void)events;
    if (vm->spec->prepare)
        end_idle(vm);
    if (strcmp(vm->state, CTL_STATE_RUNNING) != 0)
        return;
    gather(vm, &now);
    now.users += vcpus_paused(vm->vcpus); /* somebody means to go on */
    if (idle_look(&vm->idle, &now, clock_ms()))
        end_idle(vm);
    else
        loop_timer_set(&vm->idle_timer, idle_look_in_ms(&vm->idle, clock_ms()));
}

void vm_set_idle(struct vm *vm, int64_t timeout_ms)
{
    idle_set(&vm->idle, timeout_ms, clock_ms());
    loop_timer_set(&vm->idle_timer, idle_look_in_ms(&vm->idle, clock_ms()));
}

/* From here on the caller has IDLE_GRANT_MS to connect; or the machine is already on its way down. */
int vm_use(struct vm *vm, struct err *e)
{
    if (strcmp(vm->state, CTL_STATE_STOPPING) == 0 || vm->reason != EXIT_NONE)
        return err_set(e, ESHUTDOWN, "%s is stopping", vm->spec->name);
    idle_use(&vm->idle, clock_ms());
    return 0;
}
