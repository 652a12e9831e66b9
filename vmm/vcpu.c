/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/vcpu.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "vmm/boot_x86.h"
#include "vmm/bus.h"
#include "vmm/kvm.h"
#include "vmm/loop.h"
#include "vmm/vcpu_state.h"

#define THREAD_STACK (256 << 10) /* the deepest path, a virtio request, needs some 20 KiB */
#define KICK_SIGNAL SIGUSR1

#define MSR_IA32_TSC 0x10
#define MSR_IA32_MISC_ENABLE 0x1a0
#define MISC_ENABLE_FAST_STRING 1
#define MSR_MTRR_DEF_TYPE 0x2ff
#define MTRR_ENABLED_WRITE_BACK 0x806

const char *const vcpu_exit_names[VEXITS] = {
    [VEXIT_IO] = "io",         [VEXIT_MMIO] = "mmio",         [VEXIT_HALT] = "halt",
    [VEXIT_SIGNAL] = "signal", [VEXIT_SHUTDOWN] = "shutdown", [VEXIT_OTHER] = "other",
};

enum request { REQUEST_RUN, REQUEST_PAUSE, REQUEST_STOP, REQUEST_LOOK };

struct vcpu {
    struct vcpus *all;   /* [const] */
    unsigned index;      /* [const] */
    int fd;              /* [const] */
    struct kvm_run *run; /* [const] shared with the kernel; used by its own thread only */
    pthread_t thread;    /* [const] once started */
    bool started;        /* [const] once started */
    bool parked;         /* [gate] not in KVM_RUN and waiting */
    bool halted;         /* [gate] answer to REQUEST_LOOK */
    uint64_t looked_us;  /* CPU time at the last vcpus_dead; loop thread */
    atomic_ullong exits[VEXITS];
};

struct vcpus {
    struct vcpus_config config; /* [const] */
    pthread_mutex_t gate;       /* guards request, parked, halted */
    pthread_cond_t changed;
    enum request request;
    struct vcpu one[VCPUS_MAX];
};

static void on_kick(int signal)
{
    (void)signal; /* its only purpose is to interrupt KVM_RUN */
}

/* --- one vCPU's thread --- */

static void port_access(struct vcpu *v)
{
    struct kvm_run *run = v->run;
    uint8_t *data = (uint8_t *)run + run->io.data_offset;

    loop_lock(v->all->config.loop);
    for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
        if (run->io.direction == KVM_EXIT_IO_OUT)
            bus_write(v->all->config.pio, run->io.port, data, run->io.size);
        else
            bus_read(v->all->config.pio, run->io.port, data, run->io.size);
    }
    loop_unlock(v->all->config.loop);
}

static void memory_access(struct vcpu *v)
{
    struct kvm_run *run = v->run;

    loop_lock(v->all->config.loop);
    if (run->mmio.is_write)
        bus_write(v->all->config.mmio, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
    else
        bus_read(v->all->config.mmio, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
    loop_unlock(v->all->config.loop);
}

static void give_up(struct vcpu *v, const char *what, unsigned long long number)
{
    char why[128];

    snprintf(why, sizeof(why), "vCPU %u: %s %llu", v->index, what, number);
    v->all->config.failed(v->all->config.ctx, why);
}

static void count(struct vcpu *v, enum vcpu_exit reason)
{
    atomic_fetch_add_explicit(&v->exits[reason], 1, memory_order_relaxed);
}

/* False when the vCPU can go no further. */
static bool handle_exit(struct vcpu *v)
{
    switch (v->run->exit_reason) {
    case KVM_EXIT_IO:
        count(v, VEXIT_IO);
        port_access(v);
        return true;
    case KVM_EXIT_MMIO:
        count(v, VEXIT_MMIO);
        memory_access(v);
        return true;
    case KVM_EXIT_HLT:
        count(v, VEXIT_HALT);
        return true;
    case KVM_EXIT_INTR:
        count(v, VEXIT_SIGNAL);
        return true;
    case KVM_EXIT_SHUTDOWN:
        count(v, VEXIT_SHUTDOWN);
        v->all->config.shutdown(v->all->config.ctx);
        return false;
    case KVM_EXIT_FAIL_ENTRY:
        give_up(v, "the processor refused to enter the guest, reason",
                v->run->fail_entry.hardware_entry_failure_reason);
        return false;
    case KVM_EXIT_INTERNAL_ERROR:
        give_up(v, "KVM could not emulate an instruction, internal error",
                v->run->internal.suberror);
        return false;
    default:
        count(v, VEXIT_OTHER);
        give_up(v, "KVM stopped for a reason not handled here, number", v->run->exit_reason);
        return false;
    }
}

/* Halted with interrupts off, or a secondary CPU that was never started or was taken off. */
static bool is_halted_for_good(struct vcpu *v)
{
    struct kvm_mp_state state;
    struct kvm_regs regs;

    if (ioctl(v->fd, KVM_GET_MP_STATE, &state) < 0 || ioctl(v->fd, KVM_GET_REGS, &regs) < 0)
        return false;
    if (state.mp_state == KVM_MP_STATE_UNINITIALIZED || state.mp_state == KVM_MP_STATE_INIT_RECEIVED)
        return true;
    return state.mp_state == KVM_MP_STATE_HALTED && !(regs.rflags & 1 << 9);
}

/* Obeys the request of the moment; false: stop. */
static bool obey(struct vcpu *v)
{
    struct vcpus *all = v->all;
    bool go_on;

    pthread_mutex_lock(&all->gate);
    v->run->immediate_exit = 0;
    while (all->request == REQUEST_PAUSE || all->request == REQUEST_LOOK) {
        if (!v->parked && all->request == REQUEST_LOOK)
            v->halted = is_halted_for_good(v);
        v->parked = true;
        pthread_cond_broadcast(&all->changed);
        pthread_cond_wait(&all->changed, &all->gate);
    }
    v->parked = false;
    go_on = all->request == REQUEST_RUN;
    pthread_mutex_unlock(&all->gate);
    return go_on;
}

static bool run_once(struct vcpu *v)
{
    if (ioctl(v->fd, KVM_RUN, 0) == 0)
        return handle_exit(v);
    if (errno == EINTR) {
        count(v, VEXIT_SIGNAL);
        return obey(v);
    }
    if (errno == EAGAIN)
        return true;
    give_up(v, "KVM_RUN failed with error number", (unsigned)errno);
    return false;
}

static void *thread_main(void *arg)
{
    struct vcpu *v = arg;
    char name[16];

    snprintf(name, sizeof(name), "vcpu%u", v->index);
    pthread_setname_np(pthread_self(), name);
    /* A share's files are made on this thread, too, with the mode that the guest says. */
    if (unshare(CLONE_FS) == 0)
        umask(0);
    if (!obey(v))
        return NULL;
    if (v->index == 0)
        v->all->config.first_run(v->all->config.ctx);
    while (run_once(v))
        ;
    pthread_mutex_lock(&v->all->gate);
    v->parked = true; /* for good: who waits for it must not wait for ever */
    v->halted = false;
    pthread_cond_broadcast(&v->all->changed);
    pthread_mutex_unlock(&v->all->gate);
    return NULL;
}

/* --- set-up --- */

static int set_cpuid(struct vcpu *v, struct err *e)
{
    const struct vcpus_config *c = &v->all->config;
    struct cpuid_table *t = calloc(1, sizeof(*t));
    int r = t ? vcpu_cpuid(t, c->kvm, v->fd, v->index, c->count, e) : err_sys(e, ENOMEM, "CPUID");

    if (r == 0 && ioctl(v->fd, KVM_SET_CPUID2, t) < 0)
        r = err_sys(e, errno, "set CPUID");
    free(t);
    return r;
}

static int set_msrs(struct vcpu *v, struct err *e)
{
    struct {
        struct kvm_msrs head;
        struct kvm_msr_entry entry[3];
    } msrs = {
        .head.nmsrs = 3,
        .entry = {{.index = MSR_IA32_TSC},
                  {.index = MSR_IA32_MISC_ENABLE, .data = MISC_ENABLE_FAST_STRING},
                  {.index = MSR_MTRR_DEF_TYPE, .data = MTRR_ENABLED_WRITE_BACK}},
    };

    if (ioctl(v->fd, KVM_SET_MSRS, &msrs) < 0)
        return err_sys(e, errno, "set model specific registers");
    return 0;
}

static int set_registers(struct vcpu *v, struct err *e)
{
    struct kvm_fpu fpu = {.fcw = 0x37f, .mxcsr = 0x1f80};
    struct kvm_sregs sregs;
    struct kvm_regs regs;

    /* Others wait for the boot CPU's start-up interrupt in their reset state. */
    if (v->index > 0 || v->all->config.restored)
        return 0;
    if (ioctl(v->fd, KVM_GET_SREGS, &sregs) < 0)
        return err_sys(e, errno, "read registers");
    boot_x86_special_registers(&sregs);
    boot_x86_registers(v->all->config.entry, &regs);
    if (ioctl(v->fd, KVM_SET_SREGS, &sregs) < 0 || ioctl(v->fd, KVM_SET_REGS, &regs) < 0 ||
        ioctl(v->fd, KVM_SET_FPU, &fpu) < 0)
        return err_sys(e, errno, "set registers");
    return 0;
}

/* SDM 11.5.1 "virtual wire": the legacy PIC comes in on LINT0, NMI on LINT1. */
static int set_lapic(struct vcpu *v, struct err *e)
{
    struct kvm_lapic_state s;
    uint32_t extint = 0x700, nmi = 0x400;

    if (ioctl(v->fd, KVM_GET_LAPIC, &s) < 0)
        return err_sys(e, errno, "read the local APIC");
    memcpy(s.regs + 0x350, &extint, sizeof(extint));
    memcpy(s.regs + 0x360, &nmi, sizeof(nmi));
    if (ioctl(v->fd, KVM_SET_LAPIC, &s) < 0)
        return err_sys(e, errno, "set the local APIC");
    return 0;
}

static int vcpu_open(struct vcpu *v, struct err *e)
{
    const struct kvm *k = v->all->config.kvm;
    int r;

    v->fd = ioctl(k->vm_fd, KVM_CREATE_VCPU, v->index);
    if (v->fd < 0)
        return err_sys(e, errno, "create vCPU %u", v->index);
    v->run = mmap(NULL, (size_t)k->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
    if (v->run == MAP_FAILED) {
        v->run = NULL;
        return err_sys(e, errno, "map vCPU %u", v->index);
    }
    r = set_cpuid(v, e);
    if (r == 0)
        r = set_msrs(v, e);
    if (r == 0)
        r = set_registers(v, e);
    return r == 0 ? set_lapic(v, e) : r;
}

struct vcpus *vcpus_new(const struct vcpus_config *c, struct err *e)
{
    struct vcpus *all = calloc(1, sizeof(*all));

    if (!all) {
        err_sys(e, ENOMEM, "vCPUs");
        return NULL;
    }
    all->config = *c;
    pthread_mutex_init(&all->gate, NULL);
    pthread_cond_init(&all->changed, NULL);
    for (unsigned i = 0; i < c->count; i++)
        all->one[i] = (struct vcpu){.all = all, .index = i, .fd = -1};
    for (unsigned i = 0; i < c->count; i++)
        if (vcpu_open(&all->one[i], e) < 0) {
            vcpus_free(all);
            return NULL;
        }
    return all;
}

/* A small stack: in one of the usual 8 MiB the first touch costs a whole huge page where THP is "always". */
static int start_thread(struct vcpu *v)
{
    pthread_attr_t small;
    int r = pthread_attr_init(&small);

    if (r != 0)
        return r;
    r = pthread_attr_setstacksize(&small, THREAD_STACK);
    if (r == 0)
        r = pthread_create(&v->thread, &small, thread_main, v);
    pthread_attr_destroy(&small);
    v->started = r == 0;
    return r;
}

int vcpus_start(struct vcpus *all, struct err *e)
{
    struct sigaction kick = {.sa_handler = on_kick};

    sigaction(KICK_SIGNAL, &kick, NULL);
    for (unsigned i = 0; i < all->config.count; i++) {
        int r = start_thread(&all->one[i]);

        if (r != 0)
            return err_sys(e, r, "start vCPU %u", i);
    }
    return 0;
}

/* --- requests from outside --- */

/* Sets the request and makes every thread look at it. */
static void demand(struct vcpus *all, enum request request)
{
    pthread_mutex_lock(&all->gate);
    all->request = request;
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->gate);
    for (unsigned i = 0; i < all->config.count; i++) {
        struct vcpu *v = &all->one[i];

        if (!v->started)
            continue;
        /* If the signal comes just before KVM_RUN, this makes it return at once all the same. */
        __atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        pthread_kill(v->thread, KICK_SIGNAL);
    }
}

/* The caller must not hold the machine's lock, or a vCPU in a bus access never parks. */
static void wait_parked(struct vcpus *all)
{
    pthread_mutex_lock(&all->gate);
    for (unsigned i = 0; i < all->config.count; i++)
        while (all->one[i].started && !all->one[i].parked)
            pthread_cond_wait(&all->changed, &all->gate);
    pthread_mutex_unlock(&all->gate);
}

static void pause_for(struct vcpus *all, enum request request)
{
    loop_unlock(all->config.loop);
    demand(all, request);
    wait_parked(all);
    loop_lock(all->config.loop);
}

void vcpus_pause(struct vcpus *all)
{
    pause_for(all, REQUEST_PAUSE);
}

/* Else the guest's watchdogs take the pause for a CPU that hangs.  A guest without kvmclock is none. */
static void excuse_pause(struct vcpus *all)
{
    for (unsigned i = 0; i < all->config.count; i++)
        ioctl(all->one[i].fd, KVM_KVMCLOCK_CTRL, 0);
}

void vcpus_resume(struct vcpus *all)
{
    if (vcpus_paused(all))
        excuse_pause(all);
    pthread_mutex_lock(&all->gate);
    all->request = REQUEST_RUN;
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->gate);
}

bool vcpus_paused(const struct vcpus *all)
{
    return all->request == REQUEST_PAUSE;
}

int vcpus_fd(const struct vcpus *all, unsigned index)
{
    return all->one[index].fd;
}

void vcpus_stop(struct vcpus *all)
{
    demand(all, REQUEST_STOP);
    for (unsigned i = 0; i < all->config.count; i++)
        if (all->one[i].started) {
            pthread_join(all->one[i].thread, NULL);
            all->one[i].started = false;
        }
}

void vcpus_free(struct vcpus *all)
{
    if (!all)
        return;
    vcpus_stop(all);
    for (unsigned i = 0; i < all->config.count; i++) {
        if (all->one[i].run)
            munmap(all->one[i].run, (size_t)all->config.kvm->run_size);
        if (all->one[i].fd >= 0)
            close(all->one[i].fd);
    }
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->gate);
    free(all);
}

static bool any_ran(struct vcpus *all)
{
    bool ran = false;

    for (unsigned i = 0; i < all->config.count; i++) {
        uint64_t now = vcpus_time_us(all, i);

        ran |= now != all->one[i].looked_us;
        all->one[i].looked_us = now;
    }
    return ran;
}

bool vcpus_dead(struct vcpus *all)
{
    bool dead = true;

    if (all->request != REQUEST_RUN || any_ran(all))
        return false;
    pause_for(all, REQUEST_LOOK);
    for (unsigned i = 0; i < all->config.count; i++)
        dead &= all->one[i].halted;
    vcpus_resume(all);
    return dead;
}

uint64_t vcpus_time_us(const struct vcpus *all, unsigned index)
{
    struct timespec t;
    clockid_t clock;

    if (index >= all->config.count || !all->one[index].started ||
        pthread_getcpuclockid(all->one[index].thread, &clock) != 0 || clock_gettime(clock, &t) < 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t vcpus_exits(const struct vcpus *all, enum vcpu_exit reason)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < all->config.count; i++)
        sum += atomic_load_explicit(&all->one[i].exits[reason], memory_order_relaxed);
    return sum;
}
