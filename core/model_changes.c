/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model.h"

void model_changes_forget(struct model_changes *c)
{
    free(c->text);
    free(c->line);
    *c = (struct model_changes){.serial = c->serial};
}

unsigned long model_changes_begin(struct model *m, const char *distro, const char *from, const char *to)
{
    struct model_changes *c = &m->changes;

    model_changes_forget(c);
    snprintf(c->distro, sizeof(c->distro), "%s", distro);
    snprintf(c->from, sizeof(c->from), "%s", from);
    snprintf(c->to, sizeof(c->to), "%s", to);
    return ++c->serial;
}

static bool split(struct model_changes *c)
{
    unsigned lines = 0;

    for (const char *p = c->text; *p; p++)
        lines += *p == '\n';
    c->line = calloc(lines + 1UL, sizeof(*c->line));
    for (char *p = c->text, *end; c->line && (end = strchr(p, '\n')); p = end + 1) {
        *end = '\0';
        if (strlen(p) < 3)
            continue;
        c->files += *p != '#';
        c->line[c->count++] = p;
    }
    return c->line != NULL;
}

void model_changes_done(struct model *m, unsigned long serial, const char *text, const char *why)
{
    struct model_changes *c = &m->changes;

    if (serial != c->serial || c->known)
        return;
    c->known = true;
    c->text = text ? strdup(text) : NULL;
    if (!text)
        snprintf(c->why, sizeof(c->why), "%s", why);
    else if (!c->text || !split(c))
        snprintf(c->why, sizeof(c->why), "not enough memory");
}
