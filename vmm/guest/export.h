/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The distro's files for the host: a 9P server (p9/server.h) over / on the vsock port
 * GUEST_FILES_PORT, for connections from the host only.
 */
#ifndef VMM_GUEST_EXPORT_H
#define VMM_GUEST_EXPORT_H

#define EXPORT_CLIENTS 32 /* connections at a time; more are closed at once */

struct service;
extern const struct service export_service;

#endif
