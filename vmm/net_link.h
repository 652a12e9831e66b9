/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lxtop-vmm's end of lxtop-net (net_plan.h): the process, its two sockets, the forwards.
 *
 * The forwards of the start are asked for without waiting: the process may still be on its way up.
 * Their answers, and its end, come by the loop; `failed` is told what became of them.  All calls hold
 * the machine's lock.
 */
#ifndef VMM_NET_LINK_H
#define VMM_NET_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/forward.h"
#include "vmm/loop.h"

struct err;
struct spec_net;

struct net_link {
    struct loop *loop;
    pid_t pid;             /* 0: not started */
    int frames_fd;         /* for virtio_net; owned here */
    int requests_fd;
    struct loop_watch watch;
    struct forward forward[FORWARDS_MAX]; /* those asked for, and not refused */
    unsigned forwards;
    struct forward asked[FORWARDS_MAX];   /* adds without an answer yet, oldest first */
    unsigned unanswered;
    uint64_t visits;                      /* as lxtop-net last said */
    void (*failed)(void *ctx, const char *text);
    void *ctx;
};

/* Starts lxtop-net.  `failed` may be called until net_link_stop, on the loop thread. */
int net_link_start(struct net_link *l, struct loop *loop, const struct spec_net *spec,
                   void (*failed)(void *ctx, const char *text), void *ctx, struct err *e);
/* All zeroes are allowed: one never started. */
void net_link_stop(struct net_link *l);

/* Waits for the answer, as long as lxtop-net's turn takes: it waits for nothing itself. */
int net_link_add(struct net_link *l, const struct forward *f, struct err *e);
int net_link_remove(struct net_link *l, const struct forward *f, struct err *e);
/* Adds the connections through forwards now and all that ever came; without `ask` those known last. */
void net_link_usage(struct net_link *l, bool ask, unsigned *now, uint64_t *ever);

#endif
