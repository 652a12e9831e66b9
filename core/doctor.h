/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host lacks to run machines, and what to do about it.
 *
 * A table of checks over facts; the facts are gathered apart, so that every answer can be tested
 * without the host that gives it.
 */
#ifndef CORE_DOCTOR_H
#define CORE_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "config/option.h"
#include "config/paths.h"

struct model_host;

enum kvm_fact { KVM_WORKS, KVM_NO_NODE, KVM_NO_PERMISSION, KVM_NO_DEVICE /* open says ENODEV */, KVM_BAD };

struct doctor_facts {
    enum kvm_fact kvm;
    int kvm_errno;
    bool cpu_virtualization; /* vmx or svm in /proc/cpuinfo */
    bool amd;
    bool hypervisor;         /* this host is itself a guest */
    bool emulated;           /* of a software processor */
    bool module_loaded;      /* kvm_intel or kvm_amd */
    int64_t create_vm_us;    /* negative: not measured */
    char *kernel;            /* path, NULL: none found */
    char *kernel_kind;       /* "tuned" or "stock" */
    char *kernel_error;
    char *vmm, *guest, *e2fsck; /* paths, NULL: not found */
    int64_t disk_free;       /* bytes where distros are kept; negative: not known */
    char *dir_error;         /* of the first folder that cannot be written, NULL: all can */
    unsigned long socket_len; /* of the longest socket path a distro could need */
    char *data, *runtime;
};
void doctor_facts_gather(struct doctor_facts *f, const struct paths *p, const struct options *o);
void doctor_facts_release(struct doctor_facts *f);

enum doctor_result { DOCTOR_OK, DOCTOR_WARN /* machines run, something is worth knowing */, DOCTOR_FAIL };
struct doctor_answer {
    enum doctor_result result;
    char what[160];   /* what was found */
    char advice[512]; /* what to do; "" when nothing */
};
struct doctor_check {
    const char *name; /* "kvm" */
    const char *title;
    bool machine;     /* a failure means that the host cannot run machines */
    void (*ask)(const struct doctor_facts *f, struct doctor_answer *a);
};
extern const struct doctor_check doctor_table[];
extern const unsigned doctor_count;

/* Quick facts for the header of the screens; opens /dev/kvm but makes no VM. */
void doctor_host(struct model_host *h);
/* Memory alone: what changes from second to second. */
void doctor_host_memory(struct model_host *h);
/* How busy the processors were since the last call; not known after the first. */
void doctor_host_cpu(struct model_host *h);
/* Room where `path` is. */
void doctor_host_disk(struct model_host *h, const char *path);
/* Can /dev/kvm be used?  Else `advice` says what to do. */
bool doctor_kvm_works(char *advice, unsigned size);

#endif
