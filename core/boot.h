/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a distro boots with: kernel, initramfs and kernel command line, from its settings.
 *
 * Touches only files under the cache; slow when an initramfs has to be made, so it runs in a
 * worker thread.
 */
#ifndef CORE_BOOT_H
#define CORE_BOOT_H

#include <stdbool.h>

#include "config/option.h"
#include "config/paths.h"
#include "config/share.h"

struct err;

struct boot_plan {
    char *kernel, *initrd, *append; /* owned */
    char *share[SHARES_MAX];        /* owned; arguments of lxtop-vmm's --share */
    unsigned shares;
    char *net;                      /* owned; the argument of --net */
    char *note;                     /* owned; shares that are left out, and why; NULL: none */
};
int boot_plan_make(const struct paths *p, const char *name, const struct options *o,
                   struct boot_plan *b, struct err *e);
void boot_plan_release(struct boot_plan *b);

#endif
