/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "vmm/console.h"
#include "vmm/devices.h"
#include "vmm/spec.h"
#include "vmm/vcpu.h"
#include "vmm/vm_parts.h"

#define LOG "vm"
#include "core/base/log.h"

#define NOTES_MAX 16
#define CONF_MAX 48

/* The guest is off, in order: because it was asked to, by whom, or of its own will. */
void vm_on_power_off(void *ctx)
{
    struct vm *vm = ctx;

    vm_end(vm, vm->idle_stop ? EXIT_IDLE : vm->stop_asked ? EXIT_STOPPED : EXIT_POWEROFF, vm->detail);
}

void vm_on_reset(void *ctx)
{
    vm_end(ctx, EXIT_REBOOT, "");
}

void vm_on_user_space(void *ctx)
{
    vm_reach_phase(ctx, PHASE_INIT);
}

void vm_on_panic(void *ctx, const char *line)
{
    vm_end(ctx, EXIT_PANIC, line);
}

void vm_on_shutdown(void *ctx)
{
    struct vm *vm = ctx;

    loop_lock(vm->loop);
    vm_end(vm, EXIT_TRIPLE_FAULT, "a virtual CPU met a fault while handling a double fault");
    loop_unlock(vm->loop);
}

void vm_on_vcpu_failed(void *ctx, const char *why)
{
    struct vm *vm = ctx;

    loop_lock(vm->loop);
    vm_end(vm, EXIT_VMM_ERROR, why);
    loop_unlock(vm->loop);
}

void vm_on_first_run(void *ctx)
{
    struct vm *vm = ctx;

    loop_lock(vm->loop);
    vm_reach_phase(vm, PHASE_KERNEL);
    loop_unlock(vm->loop);
}

static void on_agent_phase(void *ctx, enum ctl_phase phase)
{
    vm_reach_phase(ctx, phase);
}

static void on_agent_init(void *ctx, const char *name)
{
    struct vm *vm = ctx;

    snprintf(vm->init, sizeof(vm->init), "%s", name);
}

void vm_on_note(void *ctx, const char *text)
{
    struct vm *vm = ctx;

    if (json_array_size(vm->notes) >= NOTES_MAX) /* nor is it written: a guest could keep the host's disk busy */
        return;
    json_array_append_new(vm->notes, json_string(text));
    if (vm->phase_us[PHASE_READY] >= 0) /* until then each phase writes it */
        vm_write_run_file(vm);
}

/* Not worth a write of its own: the phase that follows is. */
static void on_agent_conf(void *ctx, const char *text)
{
    struct vm *vm = ctx;

    if (json_array_size(vm->conf) < CONF_MAX)
        json_array_append_new(vm->conf, json_string(text));
}

static void on_agent_ready(void *ctx, const char *word)
{
    struct vm *vm = ctx;

    snprintf(vm->ready, sizeof(vm->ready), "%s", word);
    if (strcmp(word, "running") != 0)
        vm_on_note(ctx, "the distro is ready but degraded: some of its services failed");
    vm_reach_phase(ctx, PHASE_READY);
}

static void on_agent_export(void *ctx, bool on)
{
    struct vm *vm = ctx;

    if (on == vm->exported)
        return; /* a guest that repeats itself is not news */
    vm->exported = on;
    vm_publish(vm, json_pack("{ss sb}", "event", "export", "on", on));
}

static void on_agent_listen(void *ctx, uint16_t port, bool on)
{
    struct vm *vm = ctx;

    auto_forward_listen(&vm->auto_forward, port, on);
}

void vm_on_auto_forward(void *ctx, uint16_t port, const char *what)
{
    vm_publish(ctx, json_pack("{ss si ss}", "event", "listen", "port", port, "what", what));
}

static void on_agent_down(void *ctx)
{
    struct vm *vm = ctx;

    vm->going_down = true;
    loop_timer_set(&vm->halt_timer, HALT_CHECK_DOWN_MS);
    vm_set_state(vm, CTL_STATE_STOPPING);
}

static void on_agent_fail(void *ctx, const char *text)
{
    vm_end(ctx, EXIT_VMM_ERROR, text);
}

const struct agent_link_events vm_agent_events = {
    .phase = on_agent_phase, .init = on_agent_init, .ready = on_agent_ready,
    .note = vm_on_note,   .export = on_agent_export, .down = on_agent_down, .listen = on_agent_listen,
    .frozen = vm_on_frozen,
    .conf = on_agent_conf,
    .fail = on_agent_fail,
};

/* Without ACPI a guest that powers off halts its CPUs with interrupts off, and nothing more. */
void vm_on_halt_timer(void *ctx, uint32_t events)
{
    struct vm *vm = ctx;

    (void)events;
    if (vcpus_dead(vm->vcpus))
        vm_on_power_off(vm);
    else
        loop_timer_set(&vm->halt_timer, vm->going_down ? HALT_CHECK_DOWN_MS : HALT_CHECK_MS);
}
