/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMM's end of the line protocol with lxtop-guest (agent.h): hostile text in, events out.
 */
#ifndef VMM_AGENT_LINK_H
#define VMM_AGENT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/agent.h"
#include "vmm/ctl.h"

struct agent_link_events {
    void (*phase)(void *ctx, enum ctl_phase phase);
    void (*init)(void *ctx, const char *name);
    void (*ready)(void *ctx, const char *word);
    void (*export)(void *ctx, bool on);
    void (*note)(void *ctx, const char *text);
    void (*listen)(void *ctx, uint16_t port, bool on); /* never port 0 */
    void (*frozen)(void *ctx, bool yes);
    void (*conf)(void *ctx, const char *text);
    void (*down)(void *ctx);
    void (*fail)(void *ctx, const char *text);
};

struct agent_link {
    const struct agent_link_events *events; /* [const] */
    void *ctx;                              /* [const] */
    char line[AGENT_LINE_MAX];
    size_t len;
    bool skipping; /* the line was too long: drop up to its end */
    uint64_t dropped;
};

/* Bytes as the guest wrote them; arguments given to the events are printable text. */
void agent_link_output(struct agent_link *a, const void *bytes, size_t len);

#endif
