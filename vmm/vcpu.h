/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual CPUs: one thread each around KVM_RUN.
 *
 * A thread runs without the machine's lock and takes it for an access to a bus.  vcpus_kick makes
 * every KVM_RUN return (a signal together with kvm_run.immediate_exit closes the race); what it then
 * does follows `request`.  vcpus_stop joins them; after it nothing touches guest memory any more.
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct bus;
struct boot_x86;
struct kvm;
struct loop;
struct vcpus;

#define VCPUS_MAX 8

/* Why a vCPU went back to user space; names for stats in vcpu_exit_names. */
enum vcpu_exit { VEXIT_IO, VEXIT_MMIO, VEXIT_HALT, VEXIT_SIGNAL, VEXIT_SHUTDOWN, VEXIT_OTHER, VEXITS };
extern const char *const vcpu_exit_names[VEXITS];

struct vcpus_config {
    const struct kvm *kvm;
    struct loop *loop;    /* for its lock */
    struct bus *mmio, *pio;
    unsigned count;       /* 1 to VCPUS_MAX */
    uint64_t entry;       /* 64-bit entry point of the boot CPU */
    bool restored;        /* registers are set by the caller before the start; `entry` means nothing */
    /* A vCPU can go no further; called without the lock, once at most per vCPU. */
    void (*shutdown)(void *ctx);                       /* triple fault */
    void (*failed)(void *ctx, const char *why);        /* KVM error */
    void (*first_run)(void *ctx);                      /* before the boot CPU's first KVM_RUN */
    void *ctx;
};

/* Creates them, set up and not yet running. */
struct vcpus *vcpus_new(const struct vcpus_config *c, struct err *e);
int vcpus_start(struct vcpus *v, struct err *e);
void vcpus_stop(struct vcpus *v);
void vcpus_free(struct vcpus *v); /* stops first; NULL allowed */

/* Returns when no vCPU is inside KVM_RUN (or the threads were never started). */
void vcpus_pause(struct vcpus *v);
void vcpus_resume(struct vcpus *v);
bool vcpus_paused(const struct vcpus *v);
/* Borrowed; for its registers, while it is paused or not started. */
int vcpus_fd(const struct vcpus *v, unsigned index);

/*
 * Has the guest halted for good: every vCPU halted with interrupts off, or never started?  Without
 * ACPI that is all that a power-off amounts to.  Asks the vCPUs only if none ran since the last call.
 */
bool vcpus_dead(struct vcpus *v);

uint64_t vcpus_time_us(const struct vcpus *v, unsigned index); /* CPU time of its thread */
uint64_t vcpus_exits(const struct vcpus *v, enum vcpu_exit reason);

#endif
