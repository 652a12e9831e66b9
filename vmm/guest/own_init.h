/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1 for a root file system that has no init: reaps, and powers off in order.
 */
#ifndef VMM_GUEST_OWN_INIT_H
#define VMM_GUEST_OWN_INIT_H

/* SIGUSR2 powers off, SIGINT and SIGTERM reboot; does not return. */
_Noreturn void own_init_run(void);
/* Ends every process, unmounts, and powers off (RB_POWER_OFF) or resets (RB_AUTOBOOT). */
_Noreturn void own_init_finish(int how);

#endif
