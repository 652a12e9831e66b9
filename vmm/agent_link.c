/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/agent_link.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"

static void say_phase(struct agent_link *a, const char *argument)
{
    if (strcmp(argument, "root") == 0)
        a->events->phase(a->ctx, PHASE_ROOT);
}

static void say_init(struct agent_link *a, const char *argument)
{
    a->events->init(a->ctx, argument);
}

static void say_ready(struct agent_link *a, const char *argument)
{
    a->events->ready(a->ctx, argument);
}

static void say_export(struct agent_link *a, const char *argument)
{
    a->events->export(a->ctx, strcmp(argument, "on") == 0);
}

static void say_port(struct agent_link *a, const char *argument, bool on)
{
    char *end;
    unsigned long port = strtoul(argument, &end, 10);

    if (*argument < '1' || *argument > '9' || *end || port > UINT16_MAX)
        a->dropped++;
    else
        a->events->listen(a->ctx, (uint16_t)port, on);
}

static void say_listen(struct agent_link *a, const char *argument)
{
    say_port(a, argument, true);
}

static void say_unlisten(struct agent_link *a, const char *argument)
{
    say_port(a, argument, false);
}

static void say_note(struct agent_link *a, const char *argument)
{
    a->events->note(a->ctx, argument);
}

static void say_frozen(struct agent_link *a, const char *argument)
{
    a->events->frozen(a->ctx, strcmp(argument, "yes") == 0);
}

static void say_conf(struct agent_link *a, const char *argument)
{
    a->events->conf(a->ctx, argument);
}

static void say_down(struct agent_link *a, const char *argument)
{
    (void)argument;
    a->events->down(a->ctx);
}

static void say_fail(struct agent_link *a, const char *argument)
{
    a->events->fail(a->ctx, argument);
}

static const struct {
    const char *word;
    void (*fn)(struct agent_link *a, const char *argument);
} words[] = {
    {"phase", say_phase},   {"init", say_init}, {"ready", say_ready}, {"note", say_note},
    {"frozen", say_frozen}, {"export", say_export}, {"down", say_down}, {"fail", say_fail},
    {"conf", say_conf},
    {"listen", say_listen}, {"unlisten", say_unlisten},
};

static void take_line(struct agent_link *a)
{
    char *argument = strchr(a->line, ' ');

    if (argument)
        *argument++ = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(words[i].word, a->line) == 0) {
            words[i].fn(a, argument ? argument : "");
            return;
        }
    a->dropped++;
}

void agent_link_output(struct agent_link *a, const void *bytes, size_t len)
{
    const char *p = bytes;

    for (size_t i = 0; i < len; i++) {
        if (p[i] == '\n') {
            a->line[a->len] = '\0';
            if (!a->skipping)
                take_line(a);
            a->len = 0;
            a->skipping = false;
        } else if (a->len == AGENT_LINE_MAX - 1) {
            a->dropped += !a->skipping;
            a->skipping = true;
        } else {
            a->line[a->len++] = p[i] >= ' ' && p[i] < 0x7f ? p[i] : '?';
        }
    }
}
