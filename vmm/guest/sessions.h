/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions for the host on the vsock port GUEST_SESSION_PORT (core/base/session_msg.h): a process for each
 * (relay.h), all of them hung up when the service ends.
 */
#ifndef VMM_GUEST_SESSIONS_H
#define VMM_GUEST_SESSIONS_H

struct service;
extern const struct service sessions_service;

#endif
