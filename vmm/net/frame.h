/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message from the guest (net_plan.h) on its way to libslirp: header and checksum; all the guest's to choose. */
#ifndef VMM_NET_FRAME_H
#define VMM_NET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Completes the checksum if the header asks for it; false: drop the message, nothing was changed. */
bool frame_accept(uint8_t *message, size_t len);

#endif
