/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps model.log fresh with the end of one log of a distro, while somebody looks at it.
 *
 * The file is read on a thread (aside.h), twice a second at most and only when it has changed, so a
 * slow disk stops nobody; at most its last FOLLOW_KEPT bytes are kept.
 */
#ifndef CORE_FOLLOW_H
#define CORE_FOLLOW_H

#include <stdbool.h>

#define FOLLOW_KEPT (256u << 10)

struct core;
struct follow;

/* `vmm`: what lxtop-vmm said, else the console's. NULL for lack of memory. */
struct follow *follow_start(struct core *c, const char *distro, bool vmm);
bool follow_is_of(const struct follow *f, const char *distro, bool vmm);
/* The model's log is as it was, and nothing changes it any more. NULL allowed. */
void follow_stop(struct follow *f);

#endif
