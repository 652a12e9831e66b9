/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What text mode has to say: one fact a line, the name first. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/line.h"
#include "core/report_words.h"
#include "core/words.h"
#include "tui/keymap.h"
#include "tui/text_form.h"
#include "tui/text_parts.h"

const char text_error_label[] = "error: ";

void __attribute__((format(printf, 1, 2))) text_say(const char *fmt, ...)
{
    char text[TEXT_LINE * 2];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    line_say(stdout, "%s", text);
}

void __attribute__((format(printf, 3, 4))) text_refuse(struct text *t, int status, const char *fmt, ...)
{
    char text[TEXT_LINE * 2];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    line_say(stdout, "%s%s", text_error_label, text);
    t->status = status;
}

/* --- what has changed --- */

static struct heard *heard_of(const struct text *t, const char *name)
{
    for (unsigned i = 0; i < t->count; i++)
        if (strcmp(t->heard[i].name, name) == 0)
            return &t->heard[i];
    return NULL;
}

static void tell_change(const struct heard *h, const struct model_distro *d)
{
    if (!h || h->state != d->state)
        text_say(d->state == MACHINE_FAILED ? "event: %s has %s." : "event: %s is now %s.", d->name,
                 machine_state_name(d->state));
    if (!h || h->state != d->state || h->silent != d->silent)
        words_reason(stdout, d);
    if (*d->note && (!h || strcmp(h->note, d->note) != 0))
        text_say("event: %s: %s.", d->name, d->note);
}

static void tell_messages(struct text *t)
{
    const struct model *m = &t->core->model;

    for (unsigned long i = t->said + 1; i <= m->said; i++)
        if (model_message(m, i))
            text_say("%s%s", model_message(m, i)->level == MESSAGE_ERROR ? text_error_label : "event: ",
                     model_message(m, i)->text);
    t->said = m->said;
}

void text_tell_events(const struct text *t)
{
    const struct model *m = &t->core->model;
    unsigned told = 0;

    for (unsigned long i = 1; i <= m->said; i++)
        if (model_message(m, i)) {
            text_say("%s", model_message(m, i)->text);
            told++;
        }
    if (told == 0)
        text_say("Nothing has happened that needs telling again.");
}

static void tell_task(const struct model_task *k, time_t now)
{
    int64_t seconds = (k->running ? now : k->ended) - k->began;
    char text[WORDS_TEXT];

    text_say("%lu: %s %s, %s.", k->serial, k->what, k->distro,
             k->running ? "running" : k->failed ? "failed" : k->cancelled ? "cancelled" : "done");
    if (*k->detail)
        text_say("%lu: %s.", k->serial, k->detail);
    if (seconds > 0)
        text_say("%lu: %s %s.", k->serial, k->running ? "runs for" : "took", words_time(text, seconds * 1000000));
    else
        text_say("%lu: %s less than a second.", k->serial, k->running ? "runs for" : "took");
    if (*k->why)
        text_say("%lu: %s.", k->serial, k->why);
}

void text_tell_tasks(const struct text *t)
{
    const struct model *m = &t->core->model;
    unsigned long first = m->tasks_begun > MODEL_TASKS ? m->tasks_begun - MODEL_TASKS : 0;

    if (m->tasks_begun == 0)
        text_say("There were no tasks yet.");
    for (unsigned long i = first + 1; i <= m->tasks_begun; i++)
        if (model_task(m, i))
            tell_task(model_task(m, i), m->now);
}

static void hear(struct heard *h, const struct model_distro *d)
{
    *h = (struct heard){.state = d->state, .silent = d->silent};
    memcpy(h->name, d->name, sizeof(h->name));
    memcpy(h->note, d->note, sizeof(h->note));
}

static void hear_all(struct text *t)
{
    const struct model *m = &t->core->model;
    struct heard *all = calloc(m->count + 1, sizeof(*all));

    if (!all)
        return;
    for (unsigned i = 0; i < m->count; i++)
        hear(&all[i], &m->distros[i]);
    free(t->heard);
    t->heard = all;
    t->count = m->count;
}

void text_tell_changes(struct text *t)
{
    const struct model *m = &t->core->model;

    for (unsigned i = 0; i < m->count; i++)
        tell_change(heard_of(t, m->distros[i].name), &m->distros[i]);
    for (unsigned i = 0; i < t->count; i++)
        if (*t->heard[i].name && !model_find(m, t->heard[i].name))
            text_say("event: %s is gone.", t->heard[i].name);
    tell_messages(t);
    hear_all(t);
}

void text_remember(struct text *t, const char *name)
{
    const struct model_distro *d = name ? model_find(&t->core->model, name) : NULL;
    struct heard *h = name ? heard_of(t, name) : NULL, *more;

    if (!d && h)
        h->name[0] = '\0'; /* it went by the person's word */
    if (!d)
        return;
    if (!h && (more = realloc(t->heard, (t->count + 1) * sizeof(*more)))) {
        t->heard = more;
        h = &more[t->count++];
    }
    if (h)
        hear(h, d);
}

/* --- hello, help --- */

void text_tell_hello(struct text *t, const char *why)
{
    const struct model *m = &t->core->model;

    text_say("lxtop in text mode: %s.", why);
    if (m->host.emulated)
        text_say("This host's processor is emulated: times are not hardware times.");
    if (!m->host.kvm)
        text_say("This host has no usable KVM: command doctor tells what to do.");
    tell_messages(t);
    hear_all(t);
}

static bool has_action(int op)
{
    for (int i = 0; i < ACTIONS; i++)
        if (action_table[i].word && action_table[i].op == op)
            return true;
    return false;
}

/* The actions, then the verbs of the command line that are no action of the console. */
void text_tell_help(void)
{
    for (int i = 0; i < ACTIONS; i++)
        if (action_table[i].word)
            text_say("%s, or %s: %s.", action_table[i].word, action_table[i].letter,
                     i == ACTION_HELP ? "tell the commands, or what one of them takes" : action_table[i].help);
    for (int i = 0; i < OPS; i++)
        if (!op_table[i].hidden && !has_action(i))
            text_say("%s: %s.", op_table[i].verb, op_table[i].help);
    text_say("Each takes the words and options of the command line; help and a command tells them.");
    text_say("A command that needs a distro asks for it when it is not named. A word with blanks goes in quotes.");
    text_say("help screen tells what each action of the screen is here.");
    text_say("Enter alone tells what has happened meanwhile.");
}

void text_tell_screen(void)
{
    struct keymap keys;

    keymap_init(&keys);
    for (int i = 0; i < ACTIONS; i++) {
        const struct text_form *form = &text_form_table[i];
        char help[256];

        keymap_fill(&keys, VIEW_DISTROS, action_table[i].help, help, sizeof(help));
        if (!action_table[i].word)
            text_say("On the screen, %s. Here: %s.", help, form->command ? form->command : form->why_not);
    }
}
