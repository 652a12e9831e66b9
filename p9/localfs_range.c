/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a lock owner holds of a file, as fcntl(2) makes of its requests (localfs_node.h). */
#include "p9/localfs_node.h"

#include <errno.h>
#include <stdlib.h>

static off_t last_of(const struct flock *f)
{
    return f->l_len == 0 ? INT64_MAX : f->l_start + (f->l_len - 1);
}

static bool is_beside(const struct local_range *r, off_t start, off_t last)
{
    return r->end < start || r->start > last;
}

static struct local_range *new_range(struct localfs *l)
{
    struct local_range *r;

    if (atomic_fetch_add(&l->ranges, 1) < LOCALFS_RANGES_MAX && (r = calloc(1, sizeof(*r))))
        return r;
    atomic_fetch_sub(&l->ranges, 1);
    return NULL;
}

static void free_range(struct localfs *l, struct local_range *r)
{
    free(r);
    atomic_fetch_sub(&l->ranges, 1);
}

void local_ranges_drop(struct localfs *l, struct local_range **ranges)
{
    for (struct local_range *r = *ranges, *next; r; r = next) {
        next = r->next;
        free_range(l, r);
    }
    *ranges = NULL;
}

/* How many more there may be: what is touched is cut to the pieces left and right of it. */
static int growth(const struct local_range *r, const struct flock *want)
{
    off_t start = want->l_start, last = last_of(want);
    int n = want->l_type != F_UNLCK;

    for (; r; r = r->next)
        if (!is_beside(r, start, last))
            n += (r->start < start) + (r->end > last) - 1;
    return n;
}

int local_ranges_reserve(struct localfs *l, struct local_range *ranges, const struct flock *want,
                         struct local_range **spare)
{
    *spare = NULL;
    for (int n = growth(ranges, want); n > 0; n--) {
        struct local_range *r = new_range(l);

        if (!r) {
            local_ranges_drop(l, spare);
            return -ENOLCK;
        }
        r->next = *spare;
        *spare = r;
    }
    return 0;
}

static struct local_range *take(struct local_range **from)
{
    struct local_range *r = *from;

    *from = r->next;
    return r;
}

static void put(struct local_range **to, struct local_range *r)
{
    r->next = *to;
    *to = r;
}

/* Cuts [start, last] out of all; what that frees is spare, and there was room for what it makes. */
static void cut(struct local_range **at, off_t start, off_t last, struct local_range **spare)
{
    while (*at) {
        struct local_range *r = *at, *right;

        if (is_beside(r, start, last)) {
            at = &r->next;
        } else if (r->start < start && r->end > last) {
            right = take(spare);
            *right = (struct local_range){r->next, last + 1, r->end, r->type};
            r->end = start - 1;
            r->next = right;
            return;
        } else if (r->start < start) {
            r->end = start - 1;
            at = &r->next;
        } else if (r->end > last) {
            r->start = last + 1;
            return;
        } else {
            *at = r->next;
            put(spare, r);
        }
    }
}

/* The kernel makes one of two of a kind without a gap. */
static void join(struct local_range *r, struct local_range **spare)
{
    while (r && r->next) {
        struct local_range *next = r->next;

        if (next->type != r->type || next->start > r->end + 1) {
            r = next;
            continue;
        }
        r->end = next->end;
        r->next = next->next;
        put(spare, next);
    }
}

void local_ranges_set(struct localfs *l, struct local_range **ranges, const struct flock *want,
                      struct local_range **spare)
{
    off_t start = want->l_start, last = last_of(want);
    struct local_range **at = ranges, *r;

    cut(ranges, start, last, spare);
    if (want->l_type != F_UNLCK) {
        while (*at && (*at)->start < start)
            at = &(*at)->next;
        r = take(spare);
        *r = (struct local_range){*at, start, last, want->l_type};
        *at = r;
        join(*ranges, spare);
    }
    local_ranges_drop(l, spare);
}
