/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file systems of a boot: the kernel's own, the root, and the switch to it.
 */
#ifndef VMM_GUEST_MOUNTS_H
#define VMM_GUEST_MOUNTS_H

#include <stdbool.h>

struct err;
struct guest_options;

/* /dev, /proc and /sys of the initramfs. */
int mounts_kernel(struct err *e);
/* Waits (ROOT_WAIT_MS at most) for the root device; *recovered: its journal has work to replay. */
#define ROOT_WAIT_MS 10000
int mounts_wait_root(const struct guest_options *o, bool *recovered, struct err *e);
/* Mounts it and makes it /, the initramfs' files are deleted to free their memory. */
int mounts_switch_root(const struct guest_options *o, struct err *e);
/* What distros expect at the start: /run, /dev/pts, /dev/shm; missing mount points are skipped. */
void mounts_common(void);
/* What an init of our own has to add: /tmp stays on the disk, cgroup2. */
void mounts_for_own_init(void);
/* The end: everything unmounted or read-only. */
void mounts_finish(void);

#endif
