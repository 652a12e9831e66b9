/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine saved to a snapshot, and its first moments after it was restored from one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/devices.h"
#include "vmm/spec.h"
#include "vmm/vcpu.h"
#include "vmm/vm_parts.h"

#define LOG "vm"
#include "core/base/log.h"

/* --- saving --- */

/* A guest that is still coming up or already going down is no state to come back to. */
int vm_check_may_save(const struct vm *vm, struct err *e)
{
    if (vm->going_down || vm->reason != EXIT_NONE)
        return err_set(e, EBUSY, "the machine is going down");
    if (vm->spec->agent && vm->phase_us[PHASE_READY] < 0)
        return err_set(e, EBUSY, "the distro is not ready yet");
    return 0;
}

void vm_stand_still(struct vm *vm)
{
    vm->still.was_paused = vcpus_paused(vm->vcpus);
    vm->still.began_us = clock_us();
    vcpus_pause(vm->vcpus);
    devices_quiesce(vm->devices);
}

/* From its first snapshot on KVM logs what a machine writes; without the log the next one is of all again. */
static void log_changes(struct vm *vm)
{
    if (vm->mem.base.changed && !vm->kvm.logs && kvm_add_memory(&vm->kvm, &vm->mem, NULL) < 0)
        mem_base_release(&vm->mem.base);
}

void vm_go_on(struct vm *vm)
{
    log_changes(vm);
    devices_go_on(vm->devices, false);
    if (!vm->still.was_paused)
        vcpus_resume(vm->vcpus);
    vm->still.us = clock_us() - vm->still.began_us;
}

/* For the next restore; only a hint. */
void vm_save_working_set(struct vm *vm, const char *folder)
{
    if (vm->working_set.n)
        working_set_write(&vm->working_set, folder, NULL);
}

/* With `end` not another instruction of the guest's runs, unless it could not be saved. */
int vm_save(struct vm *vm, const char *folder, bool end, json_t *reply, struct err *e)
{
    struct snapshot_saving saving = {0};
    int r = vm->snapshot.blk ? err_set(e, EBUSY, "a snapshot is being taken") : vm_check_may_save(vm, e);

    if (r < 0)
        return r;
    vm_stand_still(vm);
    r = snapshot_take(vm, folder, &saving, e);
    json_object_set_new(reply, "memory_bytes", json_integer((json_int_t)saving.memory_bytes));
    if (!end)
        vm_go_on(vm);
    if (r == 0)
        r = snapshot_keep(&saving, e);
    if (r == 0)
        vm_save_working_set(vm, folder);
    snapshot_drop(vm, &saving);
    if (r == 0 && end) {
        vm_end(vm, EXIT_SUSPENDED, "");
        loop_quit_at_once(vm->loop); /* a request that waits is in what was saved: it is not for the devices of now */
    } else if (end) {
        vm_go_on(vm);
    }
    json_object_set_new(reply, "pause_us", json_integer((json_int_t)vm->still.us));
    return r;
}

/* --- the working set --- */

static void *fetch_main(void *arg)
{
    struct vm *vm = arg;

    pthread_setname_np(pthread_self(), "fetch");
    working_set_fetch(&vm->working_set, &vm->mem, &vm->stop_fetch);
    return NULL;
}

/* Without the thread pages come as they are touched, all the same. */
static void start_fetch(struct vm *vm)
{
    if (vm->working_set.n)
        vm->fetching = pthread_create(&vm->fetch, NULL, fetch_main, vm) == 0;
}

void vm_stop_fetch(struct vm *vm)
{
    atomic_store(&vm->stop_fetch, true);
    if (vm->fetching)
        pthread_join(vm->fetch, NULL);
    vm->fetching = false;
}

/* For the next restore: from the same snapshot, if it is still there, and from one that this machine makes. */
void vm_on_record_timer(void *ctx, uint32_t events)
{
    struct vm *vm = ctx;
    auto_free char *state = file_path("%s/" SNAPSHOT_STATE, vm->spec->restore);

    (void)events;
    vm_stop_fetch(vm);
    working_set_release(&vm->working_set);
    if (working_set_record(&vm->working_set, &vm->mem, NULL) == 0 && state && access(state, F_OK) == 0)
        working_set_write(&vm->working_set, vm->spec->restore, NULL);
}

/* --- waking --- */

/* What the machine that boots with this command line would have as its own; "-": whatever its disk says. */
static void machine_id(const char *append, char id[33])
{
    static const char word[] = "lxtop.machine_id=";
    const char *at = append ? strstr(append, word) : NULL;

    if (!at || sscanf(at + strlen(word), "%32[0-9a-f]", id) != 1 || strlen(id) != 32)
        strcpy(id, "-");
}

/* Before its first instruction; vmm/agent.h says what of it the guest is told. */
void vm_wake_restored(struct vm *vm)
{
    uint8_t seed[32];
    char line[256], hex[2 * sizeof(seed) + 1], id[33] = "-";
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
        memset(seed, 0, sizeof(seed)); /* cannot happen for so few bytes */
    for (size_t i = 0; i < sizeof(seed); i++)
        snprintf(hex + 2 * i, 3, "%02x", seed[i]);
    if (vm->renamed)
        machine_id(vm->spec->append, id);
    snprintf(line, sizeof(line), "restored %lld%09ld %s %.63s %s\n", (long long)now.tv_sec, now.tv_nsec, hex,
             vm->renamed ? vm->spec->name : "-", id);
    loop_lock(vm->loop);
    devices_agent_send(vm->devices, line);
    devices_go_on(vm->devices, true);
    serial_restored(&vm->serial);
    loop_unlock(vm->loop);
    start_fetch(vm);
}
