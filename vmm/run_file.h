/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run.json: what is known of a machine's last run, for whoever looks after the process is gone.
 *
 *   {"name", "pid", "boot_id", "started" (unix seconds), "state", "reason", "detail",
 *    "phases": {NAME: microseconds}, "init", "notes": [TEXT], "emulated": bool}
 *
 * "reason" is a CTL_EXIT name and stays "none" while the process lives, so that a reader who finds
 * the lock free and "none" knows that the process was killed; another "boot_id" than the host's says
 * that the host went down.  Written atomically; a failure is logged and does no harm to the guest.
 */
#ifndef VMM_RUN_FILE_H
#define VMM_RUN_FILE_H

#include <jansson.h>

/* Adds pid, boot_id and emulated to `status` (borrowed) and writes it. */
void run_file_write(const char *path, json_t *status);

#endif
