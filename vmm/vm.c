/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/vm.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "vmm/console.h"
#include "vmm/ctl_server.h"
#include "vmm/devices.h"
#include "vmm/memstat.h"
#include "vmm/net_link.h"
#include "vmm/run_file.h"
#include "vmm/spec.h"
#include "vmm/vcpu.h"
#include "vmm/vm_parts.h"

#define LOG "vm"
#include "core/base/log.h"

static const char *const phase_names[PHASES] = CTL_PHASE_NAMES;
static const struct ctl_exit_info exit_table[EXITS] = CTL_EXIT_TABLE;

/* --- what the machine tells the outside --- */

static json_t *phases_json(const struct vm *vm)
{
    json_t *phases = json_object();

    for (int i = 0; i < PHASES; i++)
        if (vm->phase_us[i] >= 0)
            json_object_set_new(phases, phase_names[i], json_integer(vm->phase_us[i]));
    return phases;
}

json_t *vm_status(struct vm *vm)
{
    return json_pack("{ss ss si si sI ss so ss ss sO sO sb sb sb sI ss ss}", "name", vm->spec->name, "state",
                     vm->state, "pid", getpid(), "cpus", vm->spec->cpus, "memory",
                     (json_int_t)vm->mem.size, "kernel", vm->spec->kernel, "phases",
                     phases_json(vm), "init", vm->init, "ready", vm->ready, "notes", vm->notes, "conf", vm->conf, "agent",
                     vm->spec->agent, "paused", vm->vcpus && vcpus_paused(vm->vcpus), "export",
                     vm->exported, "started", (json_int_t)vm->started, "reason", exit_table[vm->reason].name, "detail",
                     vm->detail);
}

void vm_write_run_file(struct vm *vm)
{
    json_t *status;

    if (!vm->spec->run_file)
        return;
    status = vm_status(vm);
    run_file_write(vm->spec->run_file, status);
    json_decref(status);
}

void vm_publish(struct vm *vm, json_t *event)
{
    json_object_set_new(event, "now_us", json_integer((json_int_t)(clock_us() - vm->started_us)));
    ctl_server_event(vm->ctl, event);
}

void vm_set_state(struct vm *vm, const char *state)
{
    if (vm->state == state)
        return;
    vm->state = state;
    vm_publish(vm, json_pack("{ss ss}", "event", "state", "state", state));
    vm_write_run_file(vm);
}

void vm_reach_phase(struct vm *vm, enum ctl_phase phase)
{
    if (vm->phase_us[phase] >= 0)
        return;
    vm->phase_us[phase] = (int64_t)(clock_us() - vm->started_us);
    vm_publish(vm, json_pack("{ss ss sI}", "event", "phase", "phase", phase_names[phase], "at_us",
                          (json_int_t)vm->phase_us[phase]));
    if (phase != PHASE_READY)
        return;
    if (vm->spec->prepare) {
        loop_timer_set(&vm->idle_timer, 0); /* not here: the device that told it is at work */
        return;
    }
    vm_set_state(vm, CTL_STATE_RUNNING);
    vm_set_idle(vm, vm->idle.timeout_ms);
    vm_tell_time(vm); /* a boot may have been long, on a host whose TSC is not what it says */
    if (vm->spec->restore)
        loop_timer_set(&vm->record_timer, RECORD_MS);
}

/* The first reason stands. */
void vm_end(struct vm *vm, enum ctl_exit reason, const char *detail)
{
    if (vm->reason != EXIT_NONE)
        return;
    vm->reason = reason;
    snprintf(vm->detail, sizeof(vm->detail), "%s", detail);
    vm_publish(vm, json_pack("{ss ss ss}", "event", "exit", "reason", exit_table[reason].name,
                          "detail", vm->detail));
    loop_quit(vm->loop);
}

/* --- commands --- */

void vm_pause(struct vm *vm)
{
    if (vcpus_paused(vm->vcpus))
        return;
    vcpus_pause(vm->vcpus);
    vm_publish(vm, json_pack("{ss sb}", "event", "paused", "paused", 1));
}

void vm_resume(struct vm *vm)
{
    if (!vcpus_paused(vm->vcpus))
        return;
    vcpus_resume(vm->vcpus);
    vm_tell_time(vm);
    vm_publish(vm, json_pack("{ss sb}", "event", "paused", "paused", 0));
}

void vm_on_stop_deadline(void *ctx, uint32_t events)
{
    (void)events;
    vm_end(ctx, EXIT_FORCED, "the guest did not power off within the deadline");
}

void vm_stop(struct vm *vm, bool force, int deadline_ms)
{
    if (force) {
        vm_end(vm, EXIT_FORCED, "stopped by force");
        return;
    }
    vm_resume(vm); /* a paused guest cannot obey */
    vm->stop_asked = vm->going_down = true;
    devices_agent_send(vm->devices, "stop\n");
    loop_timer_set(&vm->stop_timer, deadline_ms);
    loop_timer_set(&vm->halt_timer, HALT_CHECK_DOWN_MS);
    vm_set_state(vm, CTL_STATE_STOPPING);
}

void vm_resize(struct vm *vm, unsigned rows, unsigned cols)
{
    devices_resize(vm->devices, rows, cols);
}

json_t *vm_forwards(struct vm *vm)
{
    const struct net_link *l = devices_net(vm->devices);
    json_t *list = json_array();

    for (unsigned i = 0; i < l->forwards; i++) {
        char text[FORWARD_TEXT_MAX];

        forward_format(&l->forward[i], text);
        json_array_append_new(list, json_string(text));
    }
    return json_pack("{so so so}", "forwards", list, "automatic", auto_forward_made(&vm->auto_forward),
                     "offered", auto_forward_offered(&vm->auto_forward));
}

int vm_forward(struct vm *vm, const struct forward *f, bool add, struct err *e)
{
    struct net_link *l = devices_net(vm->devices);
    bool yielded = auto_forward_yield(&vm->auto_forward, f);

    if (yielded && !add)
        return 0;
    return (add ? net_link_add : net_link_remove)(l, f, e);
}

/* Ctrl-] on the terminal of --console: the first asks the guest, the second does not. */
void vm_on_escape(void *ctx)
{
    struct vm *vm = ctx;

    vm_stop(vm, vm->escapes++ > 0 || !vm->spec->agent, CTL_STOP_DEADLINE_MS);
}

int vm_add_viewer(struct vm *vm, int fd, const char *typed, size_t len, struct err *e)
{
    struct console_viewer_config v = {.in = fd, .out = fd, .replay = true, .typed = typed,
                                      .ntyped = len};

    return console_add_viewer(vm->console, &v, e);
}

static json_t *exits_json(const struct vm *vm)
{
    json_t *exits = json_object();

    for (int i = 0; i < VEXITS; i++)
        json_object_set_new(exits, vcpu_exit_names[i],
                            json_integer((json_int_t)vcpus_exits(vm->vcpus, (enum vcpu_exit)i)));
    return exits;
}

json_t *vm_stats(struct vm *vm, struct err *e)
{
    struct memstat memory;
    json_t *cpus, *r;
    uint64_t sum = 0, ever = 0;
    int64_t used;
    unsigned sessions = 0;

    if (memstat_read(&vm->mem, &memory, e) < 0)
        return NULL;
    devices_sessions(vm->devices, &sessions, &ever);
    cpus = json_array();
    for (unsigned i = 0; i < vm->spec->cpus; i++) {
        uint64_t us = vcpus_time_us(vm->vcpus, i);

        sum += us;
        json_array_append_new(cpus, json_pack("{sI}", "time_us", (json_int_t)us));
    }
    r = json_pack("{sI sI so sI so s{sI sI sI} so sI}", "now_us", (json_int_t)clock_us(), "uptime_us",
                  (json_int_t)(clock_us() - vm->started_us), "cpus", cpus, "vcpu_us",
                  (json_int_t)sum, "exits", exits_json(vm), "memory", "size",
                  (json_int_t)vm->mem.size, "resident", (json_int_t)memory.resident, "overhead",
                  (json_int_t)memory.overhead, "devices", devices_stats(vm->devices), "sessions",
                  (json_int_t)sessions);
    used = vcpus_paused(vm->vcpus) ? -1 : devices_guest_used(vm->devices, clock_ms());
    if (used >= 0)
        json_object_set_new(json_object_get(r, "memory"), "guest_used", json_integer((json_int_t)used));
    return r;
}

enum ctl_exit vm_run(struct vm *vm, const char **detail, struct err *e)
{
    int r;

    if (vm->spec->restore)
        vm_wake_restored(vm);
    r = vcpus_start(vm->vcpus, e);
    if (r < 0)
        vm_end(vm, EXIT_VMM_ERROR, e->msg);
    loop_timer_set(&vm->halt_timer, HALT_CHECK_MS);
    if (vm->spec->prepare)
        loop_timer_set(&vm->stop_timer, PREPARE_MS);
    loop_run(vm->loop);
    vcpus_stop(vm->vcpus);
    vm_stop_fetch(vm);
    vm_write_run_file(vm);
    *detail = vm->detail;
    return vm->reason;
}
