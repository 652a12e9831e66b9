/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forwards that nobody asked for: a server in the guest listens at a port, lxtop-guest says so
 * (agent.h), and the same port of the host's 127.0.0.1 leads to it, or is offered to the person.
 *
 * What the guest says is hostile: ports below AUTO_PORT_MIN are never taken (a person may forward them
 * by hand), at most AUTO_PORTS_MAX are known at a time, new ones are taken AUTO_BURST at once and one a
 * second after that, and a port of the host that somebody has already is only offered.  What goes over
 * these limits is forgotten until the guest's server begins anew.  A person's forwards go first, always.
 */
#ifndef VMM_AUTO_FORWARD_H
#define VMM_AUTO_FORWARD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/log.h"
#include "vmm/spec.h"

struct net_link;

#define AUTO_PORT_MIN 1024
#define AUTO_PORTS_MAX 16
#define AUTO_BURST 16

struct auto_port {
    uint16_t port;
    bool made; /* its forward is there, and ours */
};

struct auto_forward {
    enum spec_auto mode;
    struct net_link *link;
    struct auto_port known[AUTO_PORTS_MAX];
    unsigned n;
    struct log_limit rate;
    /* A port became "automatic", "offered" or "gone". */
    void (*changed)(void *ctx, uint16_t port, const char *what);
    void *ctx;
};

/* The guest listens at a port, or not any more. */
void auto_forward_listen(struct auto_forward *a, uint16_t port, bool on);
/* A person wants, or wants to be rid of, `f`: one of ours at the same port of the host is removed. True: there was. */
bool auto_forward_yield(struct auto_forward *a, const struct forward *f);

/* The texts of the forwards that are ours ("automatic"), or that could be made ("offered"); new references. */
json_t *auto_forward_made(const struct auto_forward *a);
json_t *auto_forward_offered(const struct auto_forward *a);

#endif
