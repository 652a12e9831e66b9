/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "Did you mean?": of the names that there are, the one a wrong name was probably meant for.
 *
 *     struct nearest n = nearest_to("statr");
 *     for each name: nearest_try(&n, name);
 *     ... "there is no verb 'statr'%s`lxtop help` lists them", n.hint     "; did you mean 'start'? "
 */
#ifndef CORE_BASE_NEAREST_H
#define CORE_BASE_NEAREST_H

#define NEAREST_WORD 64 /* bytes of a name, at most: a longer one is like none */

struct nearest {
    const char *wrong; /* borrowed */
    unsigned distance; /* of the best so far; what is farther is none */
    char hint[NEAREST_WORD + 32]; /* "; did you mean 'NAME'? ", or "; " */
};
struct nearest nearest_to(const char *wrong);
void nearest_try(struct nearest *n, const char *name);

#endif
