/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/stats.h"

#include <errno.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"

struct figure {
    const char *name;
    int64_t *to;
};

static int figures_read(const json_t *o, const struct figure *f, unsigned n, struct err *e)
{
    for (unsigned i = 0; i < n; i++) {
        const json_t *v = json_object_get(o, f[i].name);

        if (!json_is_integer(v) || json_integer_value(v) < 0)
            return err_set(e, EPROTO, "the machine's stats have no usable \"%s\"", f[i].name);
        *f[i].to = json_integer_value(v);
    }
    return 0;
}

static void sum_add(int64_t *sum, int64_t v)
{
    if (__builtin_add_overflow(*sum, v, sum))
        *sum = INT64_MAX;
}

static const char *word_of(const json_t *o, const char *name)
{
    const char *word = json_string_value(json_object_get(o, name));

    return word ? word : "";
}

int stats_device_read(const json_t *device, struct stats_device *d, struct err *e)
{
    const struct figure f[] = {{"requests", &d->requests},
                               {"read_bytes", &d->read_bytes},
                               {"write_bytes", &d->write_bytes},
                               {"errors", &d->errors}};
    json_int_t us = json_integer_value(json_object_get(device, "latency_us_sum"));
    int r = figures_read(device, f, ARRAY_SIZE(f), e);

    d->name = word_of(device, "name");
    d->class = word_of(device, "class");
    d->latency_us = r == 0 && us > 0 && d->requests > 0 ? us / d->requests : 0;
    return r;
}

static int devices_read(const json_t *devices, struct stats_sample *s, struct err *e)
{
    size_t i;
    json_t *device;

    json_array_foreach((json_t *)devices, i, device) {
        struct stats_device d = {0};
        int r = stats_device_read(device, &d, e);
        int64_t *both = strcmp(d.class, "9p") == 0 ? &s->p9_bytes : strcmp(d.class, "net") == 0 ? &s->net_bytes : NULL;

        if (r)
            return r;
        sum_add(&s->errors, d.errors);
        if (both) {
            sum_add(both, d.read_bytes);
            sum_add(both, d.write_bytes);
        }
        if (strcmp(d.class, "blk") != 0)
            continue;
        sum_add(&s->requests, d.requests);
        sum_add(&s->read_bytes, d.read_bytes);
        sum_add(&s->write_bytes, d.write_bytes);
    }
    return 0;
}

/* What an older machine does not tell yet: -1. */
static int64_t figure_if(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    return json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v) : -1;
}

int stats_read(const json_t *reply, struct stats_sample *s, struct err *e)
{
    struct stats_sample n = {0};
    const struct figure top[] = {
        {"now_us", &n.now_us}, {"uptime_us", &n.uptime_us}, {"vcpu_us", &n.vcpu_us}};
    const struct figure memory[] = {
        {"size", &n.memory_size}, {"resident", &n.resident}, {"overhead", &n.overhead}};
    const char *reason;
    json_t *count;
    int r = figures_read(reply, top, ARRAY_SIZE(top), e);

    if (!r)
        r = figures_read(json_object_get(reply, "memory"), memory, ARRAY_SIZE(memory), e);
    if (!r)
        r = devices_read(json_object_get(reply, "devices"), &n, e);
    if (r)
        return r;
    json_object_foreach(json_object_get(reply, "exits"), reason, count)
        if (json_is_integer(count) && json_integer_value(count) > 0)
            sum_add(&n.exits, json_integer_value(count));
    n.guest_used = figure_if(json_object_get(reply, "memory"), "guest_used");
    n.sessions = (int)figure_if(reply, "sessions");
    n.cpus = (int)json_array_size(json_object_get(reply, "cpus"));
    n.valid = true;
    *s = n;
    return 0;
}

static double rate(int64_t before, int64_t now, int64_t us)
{
    return now < before ? -1 : (double)(now - before) * 1e6 / (double)us;
}

struct stats_rates stats_rates(const struct stats_sample *before, const struct stats_sample *now)
{
    struct stats_rates r = {-1, -1, -1, -1, -1, -1};
    int64_t us = now->now_us - before->now_us;

    if (!before->valid || !now->valid || us <= 0)
        return r;
    r.cpu_percent = rate(before->vcpu_us, now->vcpu_us, us);
    if (r.cpu_percent >= 0)
        r.cpu_percent /= 1e4; /* microseconds a second -> percent */
    r.read_bps = rate(before->read_bytes, now->read_bytes, us);
    r.write_bps = rate(before->write_bytes, now->write_bytes, us);
    r.p9_bps = rate(before->p9_bytes, now->p9_bytes, us);
    r.net_bps = rate(before->net_bytes, now->net_bytes, us);
    r.exits_ps = rate(before->exits, now->exits, us);
    return r;
}
