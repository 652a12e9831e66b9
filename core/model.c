/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plain.h"

void model_release(struct model *m)
{
    free(m->distros);
    *m = (struct model){0};
}

/* Where `name` is, or with *found false where it would be. */
static unsigned place_of(const struct model *m, const char *name, bool *found)
{
    unsigned low = 0, high = m->count;

    *found = false;
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        int c = strcmp(m->distros[mid].name, name);

        if (c == 0) {
            *found = true;
            return mid;
        }
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

int model_index(const struct model *m, const char *name)
{
    bool found;
    unsigned i = place_of(m, name, &found);

    return found ? (int)i : -1;
}

const struct model_distro *model_find(const struct model *m, const char *name)
{
    int i = model_index(m, name);

    return i < 0 ? NULL : &m->distros[i];
}

static void row_init(struct model_distro *d, const char *name)
{
    *d = (struct model_distro){.state = MACHINE_STOPPED,
                               .memory_size = -1,
                               .resident = -1,
                               .overhead = -1,
                               .cpu_percent = -1,
                               .read_bps = -1,
                               .write_bps = -1};
    plain_copy(d->name, sizeof(d->name), name, strlen(name), false);
    for (int i = 0; i < PHASES; i++)
        d->phase_us[i] = -1;
}

struct model_distro *model_row(struct model *m, const char *name)
{
    bool found;
    unsigned i = place_of(m, name, &found);
    struct model_distro *more;

    if (found)
        return &m->distros[i];
    more = realloc(m->distros, (m->count + 1) * sizeof(*more));
    if (!more)
        return NULL;
    m->distros = more;
    memmove(&more[i + 1], &more[i], (m->count - i) * sizeof(*more));
    m->count++;
    row_init(&more[i], name);
    return &more[i];
}

void model_drop(struct model *m, unsigned index)
{
    memmove(&m->distros[index], &m->distros[index + 1],
            (m->count - index - 1) * sizeof(*m->distros));
    m->count--;
}

unsigned model_count_live(const struct model *m)
{
    unsigned n = 0;

    for (unsigned i = 0; i < m->count; i++)
        n += !!(MACHINE_BIT(m->distros[i].state) & MACHINE_LIVE);
    return n;
}

int64_t model_boot_us(const struct model_distro *d)
{
    return d->phase_us[PHASE_READY];
}

void model_say(struct model *m, enum message_level level, const char *fmt, ...)
{
    struct message *s = &m->messages[++m->said % MODEL_MESSAGES];
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    s->serial = m->said;
    s->level = level;
    plain_copy(s->text, sizeof(s->text), text, strlen(text), false);
}

const struct message *model_message(const struct model *m, unsigned long serial)
{
    const struct message *s = &m->messages[serial % MODEL_MESSAGES];

    return serial && s->serial == serial ? s : NULL;
}
