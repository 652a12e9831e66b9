/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/acpi.h"
#include "vmm/agent_link.h"
#include "vmm/boot_x86.h"
#include "vmm/bus.h"
#include "vmm/console.h"
#include "vmm/ctl_server.h"
#include "vmm/devices.h"
#include "vmm/kernel_image.h"
#include "vmm/kvm.h"
#include "vmm/loop.h"
#include "vmm/mem.h"
#include "vmm/memstat.h"
#include "vmm/mptable.h"
#include "vmm/platform.h"
#include "vmm/run_file.h"
#include "vmm/serial.h"
#include "vmm/spec.h"
#include "vmm/vcpu.h"

#define LOG "vm"
#include "core/base/log.h"

#define NOTES_MAX 16
#define HALT_CHECK_MS 1000     /* how often to ask whether an idle guest has halted for good */
#define HALT_CHECK_DOWN_MS 20  /* ... once it has said that it goes down */
#define ESCAPE_KEY 0x1d        /* Ctrl-] */

struct vm {
    const struct spec *spec;
    uint64_t started_us; /* CLOCK_MONOTONIC */
    time_t started;
    struct loop *loop;
    int lock_fd;
    struct kvm kvm;
    struct mem mem;
    struct bus mmio, pio;
    struct platform platform;
    struct serial serial;
    struct devices *devices;
    struct console *console;
    struct agent_link agent;
    struct vcpus *vcpus;
    struct ctl_server *ctl;
    struct loop_timer halt_timer, stop_timer;
    int64_t phase_us[PHASES]; /* since started_us; -1: not reached */
    const char *state;        /* CTL_STATE_* */
    char init[64];
    json_t *notes;
    bool stop_asked, going_down, exported;
    unsigned escapes;
    enum ctl_exit reason;
    char detail[256];
};

static const char *const phase_names[PHASES] = CTL_PHASE_NAMES;
static const struct ctl_exit_info exit_table[EXITS] = CTL_EXIT_TABLE;

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

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
    return json_pack("{ss ss si si sI ss so ss sO sb sb sb sI ss ss}", "name", vm->spec->name, "state",
                     vm->state, "pid", getpid(), "cpus", vm->spec->cpus, "memory",
                     (json_int_t)vm->mem.size, "kernel", vm->spec->kernel, "phases",
                     phases_json(vm), "init", vm->init, "notes", vm->notes, "agent",
                     vm->spec->agent, "paused", vm->vcpus && vcpus_paused(vm->vcpus), "export",
                     vm->exported, "started", (json_int_t)vm->started, "reason", exit_table[vm->reason].name, "detail",
                     vm->detail);
}

static void write_run_file(struct vm *vm)
{
    json_t *status;

    if (!vm->spec->run_file)
        return;
    status = vm_status(vm);
    run_file_write(vm->spec->run_file, status);
    json_decref(status);
}

static void publish(struct vm *vm, json_t *event)
{
    json_object_set_new(event, "now_us", json_integer((json_int_t)(now_us() - vm->started_us)));
    ctl_server_event(vm->ctl, event);
}

static void set_state(struct vm *vm, const char *state)
{
    if (vm->state == state)
        return;
    vm->state = state;
    publish(vm, json_pack("{ss ss}", "event", "state", "state", state));
    write_run_file(vm);
}

static void reach_phase(struct vm *vm, enum ctl_phase phase)
{
    if (vm->phase_us[phase] >= 0)
        return;
    vm->phase_us[phase] = (int64_t)(now_us() - vm->started_us);
    publish(vm, json_pack("{ss ss sI}", "event", "phase", "phase", phase_names[phase], "at_us",
                          (json_int_t)vm->phase_us[phase]));
    if (phase == PHASE_READY)
        set_state(vm, CTL_STATE_RUNNING);
}

/* The first reason stands. */
static void end(struct vm *vm, enum ctl_exit reason, const char *detail)
{
    if (vm->reason != EXIT_NONE)
        return;
    vm->reason = reason;
    snprintf(vm->detail, sizeof(vm->detail), "%s", detail);
    publish(vm, json_pack("{ss ss ss}", "event", "exit", "reason", exit_table[reason].name,
                          "detail", vm->detail));
    loop_quit(vm->loop);
}

/* --- events from the guest --- */

/* The guest is off, in order: because it was asked to, or of its own will. */
static void on_power_off(void *ctx)
{
    struct vm *vm = ctx;

    end(vm, vm->stop_asked ? EXIT_STOPPED : EXIT_POWEROFF, vm->detail);
}

static void on_reset(void *ctx)
{
    end(ctx, EXIT_REBOOT, "");
}

static void on_user_space(void *ctx)
{
    reach_phase(ctx, PHASE_INIT);
}

static void on_panic(void *ctx, const char *line)
{
    end(ctx, EXIT_PANIC, line);
}

static void on_shutdown(void *ctx)
{
    struct vm *vm = ctx;

    loop_lock(vm->loop);
    end(vm, EXIT_TRIPLE_FAULT, "a virtual CPU met a fault while handling a double fault");
    loop_unlock(vm->loop);
}

static void on_vcpu_failed(void *ctx, const char *why)
{
    struct vm *vm = ctx;

    loop_lock(vm->loop);
    end(vm, EXIT_VMM_ERROR, why);
    loop_unlock(vm->loop);
}

static void on_first_run(void *ctx)
{
    struct vm *vm = ctx;

    loop_lock(vm->loop);
    reach_phase(vm, PHASE_KERNEL);
    loop_unlock(vm->loop);
}

static void on_agent_phase(void *ctx, enum ctl_phase phase)
{
    reach_phase(ctx, phase);
}

static void on_agent_init(void *ctx, const char *name)
{
    struct vm *vm = ctx;

    snprintf(vm->init, sizeof(vm->init), "%s", name);
}

static void on_agent_note(void *ctx, const char *text)
{
    struct vm *vm = ctx;

    if (json_array_size(vm->notes) < NOTES_MAX)
        json_array_append_new(vm->notes, json_string(text));
}

static void on_agent_ready(void *ctx, const char *word)
{
    if (strcmp(word, "running") != 0)
        on_agent_note(ctx, "the distro is ready but degraded: some of its services failed");
    reach_phase(ctx, PHASE_READY);
}

static void on_agent_export(void *ctx, bool on)
{
    struct vm *vm = ctx;

    if (on == vm->exported)
        return; /* a guest that repeats itself is not news */
    vm->exported = on;
    publish(vm, json_pack("{ss sb}", "event", "export", "on", on));
}

static void on_agent_down(void *ctx)
{
    struct vm *vm = ctx;

    vm->going_down = true;
    loop_timer_set(&vm->halt_timer, HALT_CHECK_DOWN_MS);
    set_state(vm, CTL_STATE_STOPPING);
}

static void on_agent_fail(void *ctx, const char *text)
{
    end(ctx, EXIT_VMM_ERROR, text);
}

static const struct agent_link_events agent_events = {
    .phase = on_agent_phase, .init = on_agent_init, .ready = on_agent_ready,
    .note = on_agent_note,   .export = on_agent_export, .down = on_agent_down,
    .fail = on_agent_fail,
};

/* Without ACPI a guest that powers off halts its CPUs with interrupts off, and nothing more. */
static void on_halt_timer(void *ctx, uint32_t events)
{
    struct vm *vm = ctx;

    (void)events;
    if (vcpus_dead(vm->vcpus))
        on_power_off(vm);
    else
        loop_timer_set(&vm->halt_timer, vm->going_down ? HALT_CHECK_DOWN_MS : HALT_CHECK_MS);
}

/* --- commands --- */

void vm_pause(struct vm *vm)
{
    if (vcpus_paused(vm->vcpus))
        return;
    vcpus_pause(vm->vcpus);
    publish(vm, json_pack("{ss sb}", "event", "paused", "paused", 1));
}

void vm_resume(struct vm *vm)
{
    if (!vcpus_paused(vm->vcpus))
        return;
    vcpus_resume(vm->vcpus);
    publish(vm, json_pack("{ss sb}", "event", "paused", "paused", 0));
}

static void on_stop_deadline(void *ctx, uint32_t events)
{
    (void)events;
    end(ctx, EXIT_FORCED, "the guest did not power off within the deadline");
}

void vm_stop(struct vm *vm, bool force, int deadline_ms)
{
    if (force) {
        end(vm, EXIT_FORCED, "stopped by force");
        return;
    }
    vm_resume(vm); /* a paused guest cannot obey */
    vm->stop_asked = vm->going_down = true;
    devices_agent_send(vm->devices, "stop\n");
    loop_timer_set(&vm->stop_timer, deadline_ms);
    loop_timer_set(&vm->halt_timer, HALT_CHECK_DOWN_MS);
    set_state(vm, CTL_STATE_STOPPING);
}

void vm_resize(struct vm *vm, unsigned rows, unsigned cols)
{
    devices_resize(vm->devices, rows, cols);
}

/* Ctrl-] on the terminal of --console: the first asks the guest, the second does not. */
static void on_escape(void *ctx)
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
    json_t *cpus;
    uint64_t sum = 0;

    if (memstat_read(&vm->mem, &memory, e) < 0)
        return NULL;
    cpus = json_array();
    for (unsigned i = 0; i < vm->spec->cpus; i++) {
        uint64_t us = vcpus_time_us(vm->vcpus, i);

        sum += us;
        json_array_append_new(cpus, json_pack("{sI}", "time_us", (json_int_t)us));
    }
    return json_pack("{sI sI so sI so s{sI sI sI} so}", "now_us", (json_int_t)now_us(), "uptime_us",
                     (json_int_t)(now_us() - vm->started_us), "cpus", cpus, "vcpu_us",
                     (json_int_t)sum, "exits", exits_json(vm), "memory", "size",
                     (json_int_t)vm->mem.size, "resident", (json_int_t)memory.resident, "overhead",
                     (json_int_t)memory.overhead, "devices", devices_stats(vm->devices));
}

/* --- building, in order --- */

static int take_lock(struct vm *vm, struct err *e)
{
    if (!vm->spec->lock)
        return 0;
    vm->lock_fd = file_lock(vm->spec->lock, e);
    if (vm->lock_fd == -EAGAIN)
        return err_set(e, EBUSY, "machine %s is running already (its lock %s is taken)",
                       vm->spec->name, vm->spec->lock);
    return vm->lock_fd < 0 ? vm->lock_fd : 0;
}

static void console_bytes(void *ctx, const void *bytes, size_t len)
{
    struct vm *vm = ctx;

    console_output(vm->console, bytes, len);
}

static void agent_bytes(void *ctx, const void *bytes, size_t len)
{
    struct vm *vm = ctx;

    agent_link_output(&vm->agent, bytes, len);
}

static void console_has_room(void *ctx)
{
    struct vm *vm = ctx;

    console_room(vm->console);
}

static size_t console_typed(void *ctx, const void *bytes, size_t len)
{
    struct vm *vm = ctx;

    if (vm->spec->console == SPEC_CONSOLE_SERIAL)
        return serial_input(&vm->serial, bytes, len);
    return devices_console_input(vm->devices, bytes, len);
}

static int build_console(struct vm *vm, struct err *e)
{
    struct console_config c = {.loop = vm->loop, .log_path = vm->spec->log, .input = console_typed,
                               .panic = on_panic, .ctx = vm};
    struct console_viewer_config stdio = {.in = STDIN_FILENO, .out = STDOUT_FILENO,
                                          .escape = ESCAPE_KEY, .escaped = on_escape, .ctx = vm};

    vm->console = console_new(&c, e);
    if (!vm->console)
        return -EIO;
    return vm->spec->console == SPEC_CONSOLE_NONE ? 0 : console_add_viewer(vm->console, &stdio, e);
}

static bool has_serial(const struct vm *vm)
{
    return vm->spec->serial || vm->spec->console == SPEC_CONSOLE_SERIAL;
}

static int build_serial(struct vm *vm, struct err *e)
{
    if (!has_serial(vm))
        return 0;
    vm->serial = (struct serial){.output = console_bytes, .room = console_has_room, .ctx = vm};
    vm->serial.irq_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (vm->serial.irq_fd < 0)
        return err_sys(e, errno, "serial port");
    if (kvm_irqfd(&vm->kvm, vm->serial.irq_fd, SERIAL_IRQ, e) < 0)
        return -EIO;
    return serial_attach(&vm->serial, &vm->pio, e);
}

static int build_devices(struct vm *vm, struct err *e)
{
    struct devices_config c = {
        .spec = vm->spec,
        .mem = &vm->mem,
        .loop = vm->loop,
        .kvm = &vm->kvm,
        .mmio = &vm->mmio,
        .console_output = console_bytes,
        .console_room = console_has_room,
        .agent_output = agent_bytes,
        .ctx = vm,
    };

    vm->platform = (struct platform){on_reset, on_power_off, on_user_space, vm};
    vm->agent = (struct agent_link){.events = &agent_events, .ctx = vm};
    if (platform_attach(&vm->platform, &vm->mmio, &vm->pio, e) < 0)
        return -EIO;
    vm->devices = devices_new(&c, e);
    return vm->devices ? 0 : -EIO;
}

/* The kernel's own options and, without ACPI, where its devices are. */
static char *command_line(const struct vm *vm, bool acpi)
{
    auto_free char *devices = acpi ? strdup("") : devices_command_line(vm->devices);

    return devices ? file_path("%s%s%s", vm->spec->append, *devices ? " " : "", devices) : NULL;
}

static int describe_platform(struct vm *vm, bool acpi, struct err *e)
{
    struct acpi_device list[DEVICES_MAX + 1];
    unsigned n = devices_list(vm->devices, list);

    /* Unnamed it would be found by probing, but have no interrupt: nothing after printk would come out. */
    if (has_serial(vm))
        list[n++] = (struct acpi_device){ACPI_ID_SERIAL, SERIAL_PORT, SERIAL_PORTS, SERIAL_IRQ};
    return acpi ? acpi_write(&vm->mem, vm->spec->cpus, list, n, e)
                : mptable_write(&vm->mem, vm->spec->cpus, e);
}

static int load_kernel(struct vm *vm, uint64_t *entry, struct err *e)
{
    const struct spec *s = vm->spec;
    auto_close int initrd = s->initrd ? open(s->initrd, O_RDONLY | O_CLOEXEC) : -1;
    auto_free char *line = NULL;
    struct kernel_image image;
    bool acpi;
    int r;

    if (s->initrd && initrd < 0)
        return err_sys(e, errno, "initrd %s", s->initrd);
    r = kernel_image_open(&image, s->kernel, s->cache, e);
    if (r < 0)
        return r;
    acpi = s->acpi == SPEC_ACPI_ON || (s->acpi == SPEC_ACPI_AUTO && kernel_image_has_acpi(&image));
    line = command_line(vm, acpi);
    r = line ? describe_platform(vm, acpi, e) : err_sys(e, ENOMEM, "kernel command line");
    if (r == 0) {
        struct boot_x86 b = {&image, line, initrd, acpi};

        r = boot_x86_load(&b, &vm->mem, entry, e);
    }
    kernel_image_close(&image);
    return r;
}

static int build_vcpus(struct vm *vm, struct err *e)
{
    struct vcpus_config c = {
        .kvm = &vm->kvm,
        .loop = vm->loop,
        .mmio = &vm->mmio,
        .pio = &vm->pio,
        .count = vm->spec->cpus,
        .shutdown = on_shutdown,
        .failed = on_vcpu_failed,
        .first_run = on_first_run,
        .ctx = vm,
    };

    if (load_kernel(vm, &c.entry, e) < 0)
        return -EIO;
    vm->vcpus = vcpus_new(&c, e);
    return vm->vcpus ? 0 : -EIO;
}

static int build_machine(struct vm *vm, struct err *e)
{
    if (kvm_open(&vm->kvm, e) < 0 || mem_init(&vm->mem, vm->spec->memory, e) < 0)
        return -EIO;
    return kvm_add_memory(&vm->kvm, &vm->mem, e);
}

static int build_timers(struct vm *vm, struct err *e)
{
    int r = loop_timer_init(vm->loop, &vm->halt_timer, on_halt_timer, vm, e);

    return r == 0 ? loop_timer_init(vm->loop, &vm->stop_timer, on_stop_deadline, vm, e) : r;
}

static int build_ctl(struct vm *vm, struct err *e)
{
    if (!vm->spec->ctl)
        return 0;
    vm->ctl = ctl_server_new(vm->loop, vm, vm->spec->ctl, e);
    return vm->ctl ? 0 : -EIO;
}

/* The visible list: each step may use those before it; vm_free is its reverse. */
static int (*const build[])(struct vm *vm, struct err *e) = {
    take_lock,    build_machine, build_timers, build_console,
    build_serial, build_devices, build_vcpus,  build_ctl,
};

struct vm *vm_new(const struct spec *spec, uint64_t started_us, struct err *e)
{
    struct vm *vm = calloc(1, sizeof(*vm));

    if (!vm) {
        err_sys(e, ENOMEM, "machine");
        return NULL;
    }
    *vm = (struct vm){.spec = spec, .started_us = started_us, .started = time(NULL), .lock_fd = -1,
                      .kvm = {-1, -1, 0}, .halt_timer.watch.fd = -1, .stop_timer.watch.fd = -1,
                      .serial.irq_fd = -1, .state = CTL_STATE_STARTING, .notes = json_array()};
    for (int i = 0; i < PHASES; i++)
        vm->phase_us[i] = -1;
    vm->loop = loop_new(e);
    if (vm->loop)
        reach_phase(vm, PHASE_START);
    for (size_t i = 0; i < ARRAY_SIZE(build); i++)
        if (!vm->loop || build[i](vm, e) < 0) {
            if (vm->lock_fd >= 0) { /* the run is ours to speak of */
                vm->reason = EXIT_VMM_ERROR;
                snprintf(vm->detail, sizeof(vm->detail), "%s", e->msg);
                write_run_file(vm);
            }
            vm_free(vm);
            return NULL;
        }
    reach_phase(vm, PHASE_VM);
    write_run_file(vm);
    return vm;
}

void vm_free(struct vm *vm)
{
    if (!vm)
        return;
    ctl_server_free(vm->ctl);
    vcpus_free(vm->vcpus);
    devices_free(vm->devices);
    if (vm->serial.irq_fd >= 0)
        close(vm->serial.irq_fd);
    console_free(vm->console);
    if (vm->loop) {
        loop_timer_release(vm->loop, &vm->stop_timer);
        loop_timer_release(vm->loop, &vm->halt_timer);
    }
    mem_release(&vm->mem);
    kvm_close(&vm->kvm);
    loop_free(vm->loop);
    json_decref(vm->notes);
    if (vm->lock_fd >= 0)
        close(vm->lock_fd);
    free(vm);
}

enum ctl_exit vm_run(struct vm *vm, const char **detail, struct err *e)
{
    int r = vcpus_start(vm->vcpus, e);

    if (r < 0)
        end(vm, EXIT_VMM_ERROR, e->msg);
    loop_timer_set(&vm->halt_timer, HALT_CHECK_MS);
    loop_run(vm->loop);
    vcpus_stop(vm->vcpus);
    write_run_file(vm);
    *detail = vm->detail;
    return vm->reason;
}
