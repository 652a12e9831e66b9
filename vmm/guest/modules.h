/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the kernel modules that the initramfs carries under MODULES_DIR, by the order of their names.
 */
#ifndef VMM_GUEST_MODULES_H
#define VMM_GUEST_MODULES_H

#define MODULES_DIR "/modules"

/* A module that does not load is told on the console; the boot goes on without it. */
void modules_load(void);

#endif
