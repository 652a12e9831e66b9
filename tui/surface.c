/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/surface.h"

#include "core/core.h"
#include "core/snapshots.h"
#include "core/store.h"
#include "tui/app.h"
#include "tui/text.h"
#include "tui/text_why.h"

int surface_run(struct core *c, bool text)
{
    struct text_facts facts;
    char why[TEXT_WHY];

    store_sweep(&c->paths);
    snapshots_sweep(&c->paths);
    text_facts_gather(&facts, text, console_number(&c->console, CONSOLE_TEXT));
    return text_why(&facts, why) ? text_run(c, why) : app_run(c);
}
