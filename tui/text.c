/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/watch.h"
#include "tui/action.h"
#include "tui/format.h"
#include "tui/verb.h"

#define LINE_MAX_LEN 1024

/* What was last said of each distro, to tell what has changed meanwhile. */
struct heard {
    char name[NAME_MAX_LEN + 1];
    enum machine_state state;
};

struct text {
    struct core *core;
    struct heard *heard;
    unsigned count;
    int status;
    bool quit;
};

/* --- background events, said before the next prompt --- */

static const struct heard *heard_of(const struct text *t, const char *name)
{
    for (unsigned i = 0; i < t->count; i++)
        if (strcmp(t->heard[i].name, name) == 0)
            return &t->heard[i];
    return NULL;
}

static void say_changes(const struct text *t)
{
    const struct model *m = &t->core->model;

    for (unsigned i = 0; i < m->count; i++) {
        const struct model_distro *d = &m->distros[i];
        const struct heard *h = heard_of(t, d->name);
        const char *why = machine_reason_text(d->reason);

        if (!h || h->state != d->state)
            printf("%s is now %s%s%s.\n", d->name, machine_state_name(d->state), *why ? ": " : "", why);
    }
    for (unsigned i = 0; i < t->count; i++)
        if (!model_find(m, t->heard[i].name))
            printf("%s is gone.\n", t->heard[i].name);
}

static void remember(struct text *t)
{
    const struct model *m = &t->core->model;

    free(t->heard);
    t->heard = calloc(m->count + 1, sizeof(*t->heard));
    t->count = t->heard ? m->count : 0;
    for (unsigned i = 0; i < t->count; i++) {
        memcpy(t->heard[i].name, m->distros[i].name, sizeof(t->heard[i].name));
        t->heard[i].state = m->distros[i].state;
    }
}

/* --- reading --- */

/* A line without its end; false at the end of input. Words of the loop are heard first. */
static bool ask(struct text *t, const char *prompt, char *line)
{
    uv_run(t->core->loop, UV_RUN_NOWAIT);
    watch_look(t->core->watch);
    printf("%s", prompt);
    fflush(stdout);
    if (!fgets(line, LINE_MAX_LEN, stdin)) {
        putchar('\n');
        t->quit = true;
        return false;
    }
    if (!isatty(STDIN_FILENO))
        printf("%s", line); /* a transcript reads like a session */
    line[strcspn(line, "\n")] = '\0';
    return true;
}

/* Takes a number of the list or a name. */
static bool choose_distro(struct text *t, enum action_id a, char *name)
{
    const struct model *m = &t->core->model;
    char line[LINE_MAX_LEN], *end;
    unsigned n = 0;
    unsigned long number;

    for (unsigned i = 0; i < m->count; i++)
        if (action_works(a, &m->distros[i]))
            printf("%u: %s, %s.\n", ++n, m->distros[i].name, machine_state_name(m->distros[i].state));
    if (n == 0) {
        printf("There is no distro for which this works now.\n");
        t->status = STATUS_WRONG_STATE;
        return false;
    }
    if (!ask(t, "Which distro? Number or name, empty for none: ", line) || !*line)
        return false;
    number = strtoul(line, &end, 10);
    for (unsigned i = 0, k = 0; !*end && i < m->count; i++)
        if (action_works(a, &m->distros[i]) && ++k == number) {
            snprintf(name, LINE_MAX_LEN, "%s", m->distros[i].name);
            return true;
        }
    snprintf(name, LINE_MAX_LEN, "%s", line);
    return true;
}

/* --- commands --- */

static void say_list(struct text *t)
{
    const struct model *m = &t->core->model;
    char text[FORMAT_TEXT];

    if (m->count == 0)
        printf("There are no distros. Command install adds one.\n");
    for (unsigned i = 0; i < m->count; i++) {
        const struct model_distro *d = &m->distros[i];

        printf("%s: %s.\n", d->name, machine_state_name(d->state));
        if (*machine_reason_text(d->reason))
            printf("%s: %s%s%s.\n", d->name, machine_reason_text(d->reason), *d->detail ? ": " : "", d->detail);
        if (!(MACHINE_BIT(d->state) & MACHINE_LIVE))
            continue;
        printf("%s: boot took %s%s.\n", d->name, format_time_words(text, model_boot_us(d)),
               d->emulated ? ", emulated, not hardware time" : "");
        printf("%s: memory on the host %s.\n", d->name, format_size_words(text, d->resident));
    }
}

static void say_help(void)
{
    for (int i = 0; i < ACTIONS; i++)
        if (action_table[i].word)
            printf("%s, or %s: %s.\n", action_table[i].word, action_table[i].letter,
                   action_table[i].help);
    printf("A command may be followed by the name of a distro.\n");
}

static void install(struct text *t, const char *source, const char *name)
{
    char source_line[LINE_MAX_LEN], name_line[LINE_MAX_LEN], prompt[256];
    struct op_args a = {.op = OP_INSTALL};
    auto_free char *free_name = NULL;

    if (!*source) {
        if (!ask(t, "Install from: busybox, the path of a tar, or a folder. Empty for none: ", source_line) ||
            !*source_line)
            return;
        source = source_line;
    }
    free_name = store_suggest_name(&t->core->paths, source);
    if (!*name) {
        snprintf(prompt, sizeof(prompt), "Name, empty for %s: ", free_name ? free_name : "");
        if (!ask(t, prompt, name_line))
            return;
        name = *name_line ? name_line : free_name;
    }
    a.source = source;
    a.distro = name;
    t->status = verb_run(t->core, &a, stdout);
    if (t->status == STATUS_DONE)
        printf("%s is installed.\n", name);
}

static bool confirmed(struct text *t, const char *name)
{
    char line[LINE_MAX_LEN], prompt[256];

    snprintf(prompt, sizeof(prompt), "This removes %.63s and everything in it. Type its name to go on: ", name);
    if (ask(t, prompt, line) && strcmp(line, name) == 0)
        return true;
    printf("Nothing was removed.\n");
    t->status = STATUS_CANCELLED;
    return false;
}

static void run_action(struct text *t, enum action_id id, const char *word)
{
    const struct action *row = &action_table[id];
    struct op_args a = {.op = (enum op_id)row->op, .flags = row->flags};
    char name[LINE_MAX_LEN];

    snprintf(name, sizeof(name), "%s", word);
    if (row->selection && !*name && !choose_distro(t, id, name))
        return;
    if (row->confirm == CONFIRM_NAME && model_find(&t->core->model, name) && !confirmed(t, name))
        return;
    a.distro = row->selection ? name : NULL;
    t->status = verb_run(t->core, &a, stdout);
    watch_look(t->core->watch);
    if (t->status == STATUS_DONE && row->selection && id != ACTION_STATS && id != ACTION_CONSOLE) {
        const struct model_distro *d = model_find(&t->core->model, name);

        if (d)
            printf("%s is %s.\n", name, machine_state_name(d->state));
        else
            printf("%s is removed.\n", name);
    }
}

static void obey(struct text *t, char *line)
{
    char *rest = line, *verb, *first, *second;
    int id;

    while ((verb = strsep(&rest, " ")) && !*verb)
        ;
    if (!verb)
        return;
    first = rest ? strsep(&rest, " ") : "";
    second = rest ? rest : "";
    id = action_of_word(verb);
    if (id < 0) {
        printf("There is no command %.40s. h tells the commands.\n", verb);
        t->status = STATUS_USAGE;
        return;
    }
    t->status = STATUS_DONE;
    if (id == ACTION_QUIT)
        t->quit = true;
    else if (id == ACTION_HELP)
        say_help();
    else if (id == ACTION_LIST)
        say_list(t);
    else if (id == ACTION_INSTALL)
        install(t, first, second);
    else
        run_action(t, (enum action_id)id, first);
}

static void make_prompt(const struct text *t, char *to, size_t size)
{
    unsigned n = t->core->model.count;

    snprintf(to, size, "%u distro%s, %u running. Command, or h for help: ", n, n == 1 ? "" : "s",
             model_count_live(&t->core->model));
}

int text_run(struct core *c, const char *why)
{
    struct text t = {.core = c};
    char line[LINE_MAX_LEN], prompt[128];
    struct err e = {0};

    if (!watch_start(c, NULL, &e)) {
        fprintf(stderr, "lxtop: %s\n", e.msg);
        return STATUS_FAILED;
    }
    printf("lxtop in text mode: %s.\n", why);
    if (c->model.host.emulated)
        printf("This host's processor is emulated: times are not hardware times.\n");
    if (!c->model.host.kvm)
        printf("This host has no usable KVM: command doctor tells what to do.\n");
    remember(&t);
    while (!t.quit) {
        uv_run(c->loop, UV_RUN_NOWAIT);
        watch_look(c->watch);
        say_changes(&t);
        remember(&t);
        make_prompt(&t, prompt, sizeof(prompt));
        if (ask(&t, prompt, line))
            obey(&t, line);
        remember(&t);
    }
    printf("Left lxtop; running distros go on running.\n");
    free(t.heard);
    return t.status;
}
