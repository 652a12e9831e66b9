/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message from the guest (net_plan.h) on its way to libslirp: is it one to pass on?
 *
 * All of it is the guest's to choose.  libslirp connects to whatever address a packet names, also to
 * 127.0.0.1 or 0.0.0.0, which Linux takes for the host itself; its own setting for that covers the
 * gateway's address alone.  So frames to such addresses end here.
 */
#ifndef VMM_NET_FRAME_H
#define VMM_NET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Completes the checksum if the header asks for it; false: drop the message, nothing was changed. */
bool frame_accept(uint8_t *message, size_t len);

#endif
