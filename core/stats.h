/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures of a machine: one "stats" reply read into a sample, two samples made into rates.
 *
 * Counters only grow; where one has shrunk or the time has not moved the rate is not known (-1).
 */
#ifndef CORE_STATS_H
#define CORE_STATS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct err;

struct stats_sample {
    bool valid;
    int64_t now_us, uptime_us, vcpu_us;
    int64_t memory_size, resident, overhead;
    int64_t read_bytes, write_bytes; /* of all block devices */
    int64_t p9_bytes, net_bytes;     /* of all shares and network devices, both ways */
    int64_t guest_used;              /* memory as the guest counts it; -1: it has not told */
    int sessions;                    /* connections to the guest's services; -1: not told */
    int64_t requests, errors;
    int64_t exits;                   /* of all reasons */
    int cpus;
};
struct stats_rates {
    double cpu_percent, read_bps, write_bps, p9_bps, net_bps, exits_ps;
};

/* Counters of one device of a reply. */
struct stats_device {
    const char *name, *class; /* borrowed from the reply; "" where it has none */
    int64_t requests, read_bytes, write_bytes, errors;
    int64_t latency_us; /* mean of a request */
};
/* -EPROTO as stats_read. */
int stats_device_read(const json_t *device, struct stats_device *d, struct err *e);

/* -EPROTO when a figure is missing, of the wrong type or negative. */
int stats_read(const json_t *reply, struct stats_sample *s, struct err *e);
struct stats_rates stats_rates(const struct stats_sample *before, const struct stats_sample *now);

#endif
