/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the guest's agent.  Input: the size of the pieces it comes in, then the text.  What the
 * events are given is printable and short.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/agent_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_phase(void *ctx, enum ctl_phase phase)
{
    (void)ctx;
    if (phase >= PHASES)
        abort();
}

static void on_text(void *ctx, const char *text)
{
    (void)ctx;
    if (strlen(text) >= AGENT_LINE_MAX)
        abort();
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            abort();
}

static void on_export(void *ctx, bool on)
{
    (void)ctx;
    (void)on;
}

static void on_listen(void *ctx, uint16_t port, bool on)
{
    (void)ctx;
    (void)on;
    if (port == 0)
        abort();
}

static void on_down(void *ctx)
{
    (void)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct agent_link_events events = {on_phase, on_text, on_text, on_export,
                                                    on_text,  on_listen, on_export, on_text, on_down, on_text};
    struct agent_link link = {.events = &events};
    size_t piece = size ? data[0] + 1U : 1;

    for (size_t at = 1; at < size; at += piece)
        agent_link_output(&link, data + at, size - at < piece ? size - at : piece);
    return 0;
}
