/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of lxtop-vmm (vmm/spec.h) for the machine of a distro. */
#ifndef CORE_VMM_ARGS_H
#define CORE_VMM_ARGS_H

#include "core/boot.h"

#define VMM_ARGS_MAX (48 + 2 * SHARES_MAX)

struct err;

/* All borrowed. */
struct vmm_machine {
    const struct paths *paths;
    const char *name;
    const char *disk; /* for --disk */
    const struct options *options;
    const struct boot_plan *plan;
    const char *restore; /* folder of a suspended machine; NULL: boot */
    bool prepare;        /* only to be saved when it is ready */
    int ready_fd;        /* where lxtop-vmm says that it is ready */
};
struct vmm_args {
    char *argv[VMM_ARGS_MAX + 1]; /* all owned; ends in NULL */
    unsigned n;
};
/* -ENOENT: lxtop-vmm is not installed.  After an error there is nothing to release. */
int vmm_args_make(const struct vmm_machine *m, struct vmm_args *a, struct err *e);
void vmm_args_release(struct vmm_args *a);

#endif
