/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio port on which lxtop-guest tells lxtop-vmm how it is (vmm/agent.h).
 */
#ifndef VMM_GUEST_AGENT_PORT_H
#define VMM_GUEST_AGENT_PORT_H

/* Opens the agent's port: a descriptor, or -1 when lxtop-vmm gave none. */
int agent_open_port(void);
/* Says one line; `fd` -1 is allowed. */
void agent_say(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
