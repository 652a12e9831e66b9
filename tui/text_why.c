/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/text_why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/plain.h"

/* 1 yes, 0 no, -1 it says nothing. */
static int wish(const char *value)
{
    static const char *const no[] = {"0", "false", "no", "off"};

    if (!value || !*value)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(no); i++)
        if (strcasecmp(no[i], value) == 0)
            return 0;
    return 1;
}

static const char *asked_for(const struct text_facts *f)
{
    int own = wish(f->lxtop_text), common = wish(f->accessible);

    if (f->flag)
        return "asked for by --text";
    if (own >= 0)
        return own ? "asked for by LXTOP_TEXT in the environment" : NULL;
    if (common >= 0)
        return common ? "asked for by ACCESSIBLE in the environment" : NULL;
    return f->setting ? "asked for by the setting text of the console" : NULL;
}

static const char *needed(const struct text_facts *f)
{
    if (!f->out_terminal)
        return "standard output is no terminal";
    if (!f->in_terminal)
        return "standard input is no terminal";
    if (!f->term || !*f->term)
        return "TERM is not set";
    return f->kind == TERM_UNKNOWN          ? "this host's terminfo does not know that"
           : f->kind == TERM_WITHOUT_CURSOR ? "its cursor cannot be placed"
                                            : NULL;
}

bool text_why(const struct text_facts *f, char *why)
{
    const char *reason = asked_for(f);
    char term[64] = "";

    if (reason || !(reason = needed(f))) {
        snprintf(why, TEXT_WHY, "%s", reason ? reason : "");
        return reason;
    }
    if (f->out_terminal && f->in_terminal && f->term && *f->term) {
        plain_copy(term, sizeof(term), f->term, strlen(f->term), false);
        snprintf(why, TEXT_WHY, "the terminal is of type %s, and %s", term, reason);
    } else {
        snprintf(why, TEXT_WHY, "%s", reason);
    }
    return true;
}

static struct text_facts wishes(bool flag, bool setting)
{
    return (struct text_facts){.flag = flag, .lxtop_text = getenv("LXTOP_TEXT"), .accessible = getenv("ACCESSIBLE"),
                               .setting = setting};
}

bool text_wished(bool flag, bool setting)
{
    const struct text_facts f = wishes(flag, setting);

    return asked_for(&f);
}

void text_facts_gather(struct text_facts *f, bool flag, bool setting)
{
    *f = wishes(flag, setting);
    f->in_terminal = isatty(STDIN_FILENO);
    f->out_terminal = isatty(STDOUT_FILENO);
    f->term = getenv("TERM");
    f->kind = f->out_terminal ? term_kind() : TERM_UNKNOWN;
}
