/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What text mode asks and hears. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "core/watch.h"
#include "tui/line.h"
#include "tui/text_parts.h"

/* One line, of at most TEXT_LINE; the rest of a longer one is no command of its own. */
static bool read_line(char *line)
{
    size_t len;

    if (!fgets(line, TEXT_LINE, stdin))
        return false;
    len = strcspn(line, "\n");
    if (line[len] == '\n' || len + 1 < TEXT_LINE) {
        line[len] = '\0';
        return true;
    }
    for (int c; (c = getchar()) != EOF && c != '\n';)
        ;
    if (!isatty(STDIN_FILENO))
        text_say("%s", "");
    line_say(stdout, "%sthat line is longer than %d bytes and was not read.", text_error_label, TEXT_LINE - 2);
    line[0] = '\0';
    return true;
}

bool text_ask(struct text *t, char *line, const char *prompt)
{
    uv_run(t->core->loop, UV_RUN_NOWAIT);
    watch_look(t->core->watch);
    line_ask(stdout, "%s", prompt);
    if (!read_line(line)) {
        text_say("%s", "");
        t->quit = true;
        return false;
    }
    if (!isatty(STDIN_FILENO))
        text_say("%s", line); /* a transcript reads like a session */
    return true;
}

static bool nothing_done(struct text *t)
{
    text_say("Nothing was done.");
    t->status = STATUS_CANCELLED;
    return false;
}

bool text_question(struct text *t, char *line, const char *prompt)
{
    return (text_ask(t, line, prompt) && *line) || nothing_done(t);
}

static const char *nth_working(const struct model *m, enum action_id a, unsigned long n)
{
    for (unsigned i = 0; i < m->count; i++)
        if (action_works(a, &m->distros[i]) && n-- == 1)
            return m->distros[i].name;
    return NULL;
}

/* No name begins with a digit. */
static bool take_choice(struct text *t, enum action_id a, char *name, unsigned n)
{
    const char *found;
    char *end;

    if (!isdigit((unsigned char)*name))
        return true;
    found = nth_working(&t->core->model, a, strtoul(name, &end, 10));
    if (found && !*end)
        snprintf(name, TEXT_LINE, "%s", found);
    else
        text_refuse(t, STATUS_USAGE, "%s is no choice: a number from 1 to %u, or a name.", name, n);
    return found && !*end;
}

bool text_choose_distro(struct text *t, enum action_id a, char *name)
{
    const struct model *m = &t->core->model;
    unsigned n = 0;

    for (unsigned i = 0; i < m->count; i++)
        if (action_works(a, &m->distros[i]))
            text_say("%u: %s, %s.", ++n, m->distros[i].name, machine_state_name(m->distros[i].state));
    if (n == 0) {
        text_refuse(t, STATUS_WRONG_STATE, "there is no distro for which %s works now; command list tells all.",
                    action_table[a].word);
        return false;
    }
    return text_question(t, name, "Which distro? Number or name, empty for none: ") && take_choice(t, a, name, n);
}

bool text_confirm(struct text *t, const char *question, const char *name)
{
    char line[TEXT_LINE], prompt[TEXT_LINE];

    snprintf(prompt, sizeof(prompt), "%s Type its name to go on: ", question);
    if (text_ask(t, line, prompt) && strcmp(line, name) == 0)
        return true;
    text_say("Nothing was removed.");
    t->status = STATUS_CANCELLED;
    return false;
}

/* One word, its quotes taken away, and where the next one may begin. */
static char *cut_word(char **rest)
{
    char *from = *rest, *to = from, *word = from, quote = 0;

    for (; *from && (quote || !isspace((unsigned char)*from)); from++)
        if (quote ? *from == quote : *from == '"' || *from == '\'')
            quote = quote ? 0 : *from;
        else
            *to++ = *from;
    *rest = *from ? from + 1 : from;
    *to = '\0';
    return word;
}

int text_words(char *line, char **word, int max)
{
    int n = 0;

    while (n < max) {
        while (isspace((unsigned char)*line))
            line++;
        if (!*line)
            break;
        word[n++] = cut_word(&line);
    }
    return n;
}
