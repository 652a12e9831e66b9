/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lxtop-vmm's end of a network (net_plan.h): its two sockets, the forwards, its life.
 *
 * The forwards of the start are asked for without waiting: the process may still be on its way up.
 * Their answers come by the loop; `note` is told what became of them.
 *
 * One that ends is started again, with the forwards that there were then: at once, but not more
 * often than every NET_RESTART_MS.  What was connected through it is lost.  All calls hold the machine's
 * lock.
 */
#ifndef VMM_NET_LINK_H
#define VMM_NET_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/forward.h"
#include "vmm/loop.h"
#include "vmm/net_process.h"

struct err;
struct spec_net;

#define NET_RESTART_MS 5000

/* On the loop thread, until net_link_stop. */
struct net_link_events {
    void (*note)(void *ctx, const char *text); /* for the person */
    void (*frames)(void *ctx, int fd);         /* the frames' socket is another, or -1: there is none now */
};

struct net_link {
    struct loop *loop;
    struct net_process process;
    int frames_fd;         /* for virtio_net; owned here */
    int requests_fd;
    struct loop_watch watch;
    int64_t began_ms;      /* clock_ms of the last start */
    struct loop_timer restart;
    struct forward forward[FORWARDS_MAX]; /* those asked for, and not refused */
    unsigned forwards;
    struct forward asked[FORWARDS_MAX];   /* adds without an answer yet, oldest first */
    unsigned unanswered;
    uint64_t visits;                      /* as lxtop-net last said */
    const struct net_link_events *events;
    void *ctx;
};

/* Starts lxtop-net. */
int net_link_start(struct net_link *l, struct loop *loop, const struct spec_net *spec,
                   const struct net_link_events *events, void *ctx, struct err *e);
/* All zeroes are allowed: one never started. */
void net_link_stop(struct net_link *l);

/* Waits for the answer, as long as lxtop-net's turn takes: it waits for nothing itself. */
int net_link_add(struct net_link *l, const struct forward *f, struct err *e);
int net_link_remove(struct net_link *l, const struct forward *f, struct err *e);
/* Adds the connections through forwards now and all that ever came; without `ask` those known last. */
void net_link_usage(struct net_link *l, bool ask, unsigned *now, uint64_t *ever);

#endif
