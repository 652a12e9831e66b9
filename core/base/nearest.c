/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/nearest.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters were left out, put in, taken for another or changed with the next (optimal string alignment). */
static unsigned distance(const char *a, size_t la, const char *b, size_t lb)
{
    unsigned row[3][NEAREST_WORD + 1] = {{0}};
    unsigned *before = row[0], *last = row[1], *now = row[2];

    for (size_t j = 0; j <= lb; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned *free_row = before;

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            now[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]), least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        before = last;
        last = now;
        now = free_row;
    }
    return last[lb];
}

struct nearest nearest_to(const char *wrong)
{
    return (struct nearest){.wrong = wrong, .distance = UINT_MAX, .hint = "; "};
}

/* A third of the letters may be wrong: what differs in more is another word. */
void nearest_try(struct nearest *n, const char *name)
{
    size_t wrong = strlen(n->wrong), right = strlen(name), longer = wrong > right ? wrong : right;
    unsigned d;

    if (longer > NEAREST_WORD)
        return;
    d = distance(n->wrong, wrong, name, right);
    if (d > longer / 3 || d >= n->distance)
        return;
    n->distance = d;
    snprintf(n->hint, sizeof(n->hint), "; did you mean '%s'? ", name);
}
