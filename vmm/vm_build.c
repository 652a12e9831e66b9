/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's parts, built in the visible order of `build` and taken down in reverse. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/acpi.h"
#include "vmm/boot_x86.h"
#include "vmm/console.h"
#include "vmm/ctl_server.h"
#include "vmm/devices.h"
#include "vmm/kernel_image.h"
#include "vmm/mptable.h"
#include "vmm/net_plan.h"
#include "vmm/spec.h"
#include "vmm/vcpu.h"
#include "vmm/vm_parts.h"

#define ESCAPE_KEY 0x1d /* Ctrl-] */

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
                               .panic = vm_on_panic, .ctx = vm};
    struct console_viewer_config stdio = {.in = STDIN_FILENO, .out = STDOUT_FILENO,
                                          .escape = ESCAPE_KEY, .escaped = vm_on_escape, .ctx = vm};

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
        .note = vm_on_note,
        .ctx = vm,
    };

    vm->platform = (struct platform){vm_on_reset, vm_on_power_off, vm_on_user_space, vm};
    vm->agent = (struct agent_link){.events = &vm_agent_events, .ctx = vm};
    if (platform_attach(&vm->platform, &vm->mmio, &vm->pio, e) < 0)
        return -EIO;
    vm->devices = devices_new(&c, e);
    if (!vm->devices)
        return -EIO;
    vm->auto_forward = (struct auto_forward){.mode = vm->spec->net.auto_forward, .ctx = vm,
                                             .link = devices_net(vm->devices), .changed = vm_on_auto_forward};
    return 0;
}

/* The guest's addresses, for lxtop-guest (vmm/guest/options.h). */
#define NET_WORD " lxtop.net=%s/%d,%s,%s,%s/%d,%s,%s%s"

/* The kernel's own options, the network's, and, without ACPI, where its devices are. */
static char *command_line(const struct vm *vm, bool acpi)
{
    auto_free char *devices = acpi ? strdup("") : devices_command_line(vm->devices);
    auto_free char *net = vm->spec->net.on
                              ? file_path(NET_WORD, NET_GUEST, NET_PREFIX, NET_GATEWAY, NET_DNS,
                                          NET_GUEST6, NET_PREFIX6, NET_GATEWAY6, NET_DNS6,
                                          vm->spec->net.auto_forward ? " lxtop.listen" : "")
                              : strdup("");

    return devices && net ? file_path("%s%s%s%s", vm->spec->append, net, *devices ? " " : "", devices)
                          : NULL;
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
        .restored = vm->spec->restore != NULL,
        .shutdown = vm_on_shutdown,
        .failed = vm_on_vcpu_failed,
        .first_run = vm_on_first_run,
        .ctx = vm,
    };

    if (!c.restored && load_kernel(vm, &c.entry, e) < 0)
        return -EIO;
    vm->vcpus = vcpus_new(&c, e);
    return vm->vcpus ? 0 : -EIO;
}

static int open_snapshot(struct vm *vm, struct err *e)
{
    if (!vm->spec->restore)
        return 0;
    working_set_read(&vm->working_set, vm->spec->restore, vm->spec->memory, NULL); /* or none */
    return snapshot_open(&vm->source, vm->spec->restore, e);
}

static int build_memory(struct vm *vm, struct err *e)
{
    return vm->spec->restore ? mem_init_file(&vm->mem, vm->spec->memory, vm->source.memory_fd, e)
                             : mem_init(&vm->mem, vm->spec->memory, e);
}

/* The last: all that it sets must be there. */
static int load_snapshot(struct vm *vm, struct err *e)
{
    int r = vm->spec->restore ? snapshot_load(&vm->source, vm, e) : 0;

    snapshot_close(&vm->source);
    return r < 0 ? err_wrap(e, "restore from %s", vm->spec->restore) : 0;
}

static int build_machine(struct vm *vm, struct err *e)
{
    if (kvm_open(&vm->kvm, e) < 0 || build_memory(vm, e) < 0)
        return -EIO;
    return kvm_add_memory(&vm->kvm, &vm->mem, e);
}

static int build_timers(struct vm *vm, struct err *e)
{
    int r = loop_timer_init(vm->loop, &vm->halt_timer, vm_on_halt_timer, vm, e);

    vm->idle.timeout_ms = vm->spec->idle_ms;
    if (r == 0)
        r = vm_watch_clock(vm, e);
    if (r == 0)
        r = loop_timer_init(vm->loop, &vm->record_timer, vm_on_record_timer, vm, e);
    if (r == 0)
        r = loop_timer_init(vm->loop, &vm->freeze_timer, vm_on_freeze_deadline, vm, e);
    if (r == 0)
        r = loop_timer_init(vm->loop, &vm->stop_timer, vm_on_stop_deadline, vm, e);
    return r == 0 ? loop_timer_init(vm->loop, &vm->idle_timer, vm_on_idle_timer, vm, e) : r;
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
    take_lock,     open_snapshot, build_machine, build_timers, build_console,
    build_serial,  build_devices, build_vcpus,   load_snapshot, build_ctl,
};

struct vm *vm_new(const struct spec *spec, uint64_t started_us, struct err *e)
{
    struct vm *vm = calloc(1, sizeof(*vm));

    if (!vm) {
        err_sys(e, ENOMEM, "machine");
        return NULL;
    }
    *vm = (struct vm){.spec = spec, .started_us = started_us, .started = time(NULL), .lock_fd = -1,
                      .kvm = {.sys_fd = -1, .vm_fd = -1}, .source.memory_fd = -1, .halt_timer.watch.fd = -1, .stop_timer.watch.fd = -1, .record_timer.watch.fd = -1,
                      .freeze_timer.watch.fd = -1,
                      .idle_timer.watch.fd = -1, .jump_fd = -1, .jump_watch.fd = -1,
                      .serial.irq_fd = -1, .state = spec->prepare ? CTL_STATE_STOPPING : CTL_STATE_STARTING, .notes = json_array(), .conf = json_array()};
    for (int i = 0; i < PHASES; i++)
        vm->phase_us[i] = -1;
    vm->loop = loop_new(e);
    if (vm->loop)
        vm_reach_phase(vm, PHASE_START);
    for (size_t i = 0; i < ARRAY_SIZE(build); i++)
        if (!vm->loop || build[i](vm, e) < 0) {
            if (vm->lock_fd >= 0) { /* the run is ours to speak of */
                vm->reason = EXIT_VMM_ERROR;
                snprintf(vm->detail, sizeof(vm->detail), "%s", e->msg);
                vm_write_run_file(vm);
            }
            vm_free(vm);
            return NULL;
        }
    vm_reach_phase(vm, PHASE_VM);
    vm_write_run_file(vm);
    return vm;
}

void vm_free(struct vm *vm)
{
    bool still; /* a file of the host holds a request up, which uses these two: the process's end is theirs */

    if (!vm)
        return;
    vm->snapshot.done = NULL; /* what is in flight still ends, here and below */
    vm_join_keeper(vm);
    ctl_server_free(vm->ctl);
    vcpus_free(vm->vcpus);
    still = !devices_free(vm->devices);
    if (vm->serial.irq_fd >= 0)
        close(vm->serial.irq_fd);
    console_free(vm->console);
    snapshot_drop(vm, &vm->snapshot.saving);
    free(vm->snapshot.from);
    free(vm->snapshot.to);
    free(vm->snapshot.memory);
    if (vm->loop) {
        vm_unwatch_clock(vm);
        loop_timer_release(vm->loop, &vm->idle_timer);
        loop_timer_release(vm->loop, &vm->stop_timer);
        loop_timer_release(vm->loop, &vm->record_timer);
        loop_timer_release(vm->loop, &vm->freeze_timer);
        loop_timer_release(vm->loop, &vm->halt_timer);
    }
    snapshot_close(&vm->source);
    working_set_release(&vm->working_set);
    kvm_close(&vm->kvm);
    if (!still) {
        mem_release(&vm->mem);
        loop_free(vm->loop);
    }
    json_decref(vm->notes);
    json_decref(vm->conf);
    if (vm->lock_fd >= 0)
        close(vm->lock_fd);
    free(vm);
}
