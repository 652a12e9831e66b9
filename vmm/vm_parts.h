/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the machine share (vm.c, vm_build.c, vm_events.c); nobody else includes it. */
#ifndef VMM_VM_PARTS_H
#define VMM_VM_PARTS_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "vmm/agent_link.h"
#include "vmm/auto_forward.h"
#include "vmm/bus.h"
#include "vmm/idle.h"
#include "vmm/kvm.h"
#include "vmm/loop.h"
#include "vmm/mem.h"
#include "vmm/platform.h"
#include "vmm/serial.h"
#include "vmm/snapshot.h"
#include "vmm/vm.h"
#include "vmm/working_set.h"

struct console;
struct ctl_server;
struct devices;
struct vcpus;
struct virtio_blk;

#define HALT_CHECK_MS 1000     /* how often to ask whether an idle guest has halted for good */
#define HALT_CHECK_DOWN_MS 20  /* ... once it has said that it goes down */

#define PREPARE_MS 120000 /* a boot that takes longer is given up, where nobody waits for it */
#define RECORD_MS 2000 /* from ready to the look which pages were needed for it */
/* vm_snapshot.c: a snapshot of a disk being taken; blk NULL: none. */
struct vm_snapshot {
    struct virtio_blk *blk;
    char *from, *to, *memory;
    vm_snapshot_done *done; /* NULL: nobody hears of it any more */
    void *ctx;
    bool asked, flushing; /* asked: the guest was to freeze, so it has to thaw */
    struct snapshot_saving saving; /* its memory, the keeper's until that is synced */
    pthread_t keeper;
    bool keeping, over; /* keeping: there is that thread; over: [lock] it has nothing more to do */
    struct vm_snapshot_result result;
};
/* vm_save.c: the last time that the machine stood still to be saved. */
struct vm_still {
    bool was_paused;
    uint64_t began_us, us; /* us: how long */
};
void vm_join_keeper(struct vm *vm); /* without the lock: it takes that at its end */
void vm_on_frozen(void *ctx, bool yes);
void vm_on_freeze_deadline(void *ctx, uint32_t events);

struct vm {
    const struct spec *spec;
    uint64_t started_us; /* CLOCK_MONOTONIC */
    time_t started;
    struct loop *loop;
    int lock_fd;
    struct kvm kvm;
    struct mem mem;
    struct snapshot_source source; /* while it is being restored */
    struct working_set working_set; /* read before the restore; recorded some time after it */
    pthread_t fetch;
    bool fetching; /* there is that thread; it reads working_set until it is joined */
    atomic_bool stop_fetch;
    struct bus mmio, pio;
    struct platform platform;
    struct serial serial;
    struct devices *devices;
    struct console *console;
    struct agent_link agent;
    struct auto_forward auto_forward;
    struct vcpus *vcpus;
    struct ctl_server *ctl;
    struct loop_timer halt_timer, stop_timer, record_timer, freeze_timer, idle_timer;
    struct vm_snapshot snapshot;
    struct vm_still still;
    struct idle idle;
    int jump_fd; /* tells of jumps of the host's clock; -1: not watched */
    struct loop_watch jump_watch;
    int64_t phase_us[PHASES]; /* since started_us; -1: not reached */
    const char *state;        /* CTL_STATE_* */
    char init[64], ready[32]; /* words of the guest's; "": not told yet */
    json_t *notes, *conf;
    bool stop_asked, idle_stop, going_down, exported; /* idle_stop: asked by vm_idle.c */
    bool renamed; /* restored from a snapshot of a machine of another name */
    unsigned escapes;
    enum ctl_exit reason;
    char detail[256];
};

/* vm.c: its state, told to the run file and to whoever listens. */
void vm_write_run_file(struct vm *vm);
void vm_publish(struct vm *vm, json_t *event); /* takes the event */
void vm_set_state(struct vm *vm, const char *state);
void vm_reach_phase(struct vm *vm, enum ctl_phase phase);
void vm_end(struct vm *vm, enum ctl_exit reason, const char *detail); /* the first reason stands */
void vm_on_stop_deadline(void *ctx, uint32_t events);
void vm_on_escape(void *ctx);

/* vm_save.c */
int vm_check_may_save(const struct vm *vm, struct err *e);
void vm_stand_still(struct vm *vm); /* vCPUs paused, devices quiet, what they wrote durable */
void vm_go_on(struct vm *vm);
void vm_save_working_set(struct vm *vm, const char *folder);
void vm_wake_restored(struct vm *vm); /* before its first instruction */
void vm_stop_fetch(struct vm *vm);
void vm_on_record_timer(void *ctx, uint32_t events);

/* vm_clock.c */
int vm_watch_clock(struct vm *vm, struct err *e);
void vm_unwatch_clock(struct vm *vm);

/* vm_idle.c */
void vm_on_idle_timer(void *ctx, uint32_t events);

/* vm_events.c: what guest and devices report; all on the loop thread, ctx is the struct vm. */
extern const struct agent_link_events vm_agent_events;
void vm_on_power_off(void *ctx);
void vm_on_reset(void *ctx);
void vm_on_user_space(void *ctx);
void vm_on_panic(void *ctx, const char *line);
void vm_on_shutdown(void *ctx);
void vm_on_vcpu_failed(void *ctx, const char *why);
void vm_on_first_run(void *ctx);
void vm_on_note(void *ctx, const char *text);
void vm_on_auto_forward(void *ctx, uint16_t port, const char *what);
void vm_on_halt_timer(void *ctx, uint32_t events);

#endif
