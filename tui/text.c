/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/watch.h"
#include "tui/action.h"
#include "tui/format.h"
#include "tui/line.h"
#include "tui/verb.h"

#define LINE_MAX_LEN 1024
#define WORDS_MAX 64

/* What was last said of each distro, to tell what has changed meanwhile. */
struct heard {
    char name[NAME_MAX_LEN + 1];
    enum machine_state state;
};

struct text {
    struct core *core;
    struct verb_voice voice;
    struct heard *heard;
    unsigned count;
    int status;
    bool quit;
};

static const char error_label[] = "error: ";

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
    char text[LINE_MAX_LEN * 2];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    line_say(stdout, "%s", text);
}

/* What went wrong, and the status that it gives. */
static void __attribute__((format(printf, 3, 4))) refuse(struct text *t, int status, const char *fmt, ...)
{
    char text[LINE_MAX_LEN * 2];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    line_say(stdout, "%s%s", error_label, text);
    t->status = status;
}

/* --- background events, said before the next prompt --- */

static const struct heard *heard_of(const struct text *t, const char *name)
{
    for (unsigned i = 0; i < t->count; i++)
        if (strcmp(t->heard[i].name, name) == 0)
            return &t->heard[i];
    return NULL;
}

static void say_reason(const struct model_distro *d)
{
    const char *why = machine_reason_text(d->reason);

    if (*why)
        say("%s: %s%s%s.", d->name, why, *d->detail ? ": " : "", d->detail);
    if (d->silent)
        say("%s: lxtop-vmm does not answer; command force ends it.", d->name);
}

static void say_changes(const struct text *t)
{
    const struct model *m = &t->core->model;

    for (unsigned i = 0; i < m->count; i++) {
        const struct model_distro *d = &m->distros[i];
        const struct heard *h = heard_of(t, d->name);

        if (h && h->state == d->state)
            continue;
        say(d->state == MACHINE_FAILED ? "%s has %s." : "%s is now %s.", d->name,
            machine_state_name(d->state));
        say_reason(d);
    }
    for (unsigned i = 0; i < t->count; i++)
        if (!model_find(m, t->heard[i].name))
            say("%s is gone.", t->heard[i].name);
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

/* One line, of at most LINE_MAX_LEN; the rest of a longer one is no command of its own. */
static bool read_line(char *line)
{
    size_t len;

    if (!fgets(line, LINE_MAX_LEN, stdin))
        return false;
    len = strcspn(line, "\n");
    if (line[len] == '\n' || len + 1 < LINE_MAX_LEN) {
        line[len] = '\0';
        return true;
    }
    for (int c; (c = getchar()) != EOF && c != '\n';)
        ;
    if (!isatty(STDIN_FILENO))
        say("%s", "");
    line_say(stdout, "%sthat line is longer than %d bytes and was not read.", error_label, LINE_MAX_LEN - 2);
    line[0] = '\0';
    return true;
}

/* A line without its end; false at the end of input. Words of the loop are heard first. */
static bool ask(struct text *t, char *line, const char *prompt)
{
    uv_run(t->core->loop, UV_RUN_NOWAIT);
    watch_look(t->core->watch);
    line_ask(stdout, "%s", prompt);
    if (!read_line(line)) {
        say("%s", "");
        t->quit = true;
        return false;
    }
    if (!isatty(STDIN_FILENO))
        say("%s", line); /* a transcript reads like a session */
    return true;
}

static bool nothing_done(struct text *t)
{
    say("Nothing was done.");
    t->status = STATUS_CANCELLED;
    return false;
}

/* The same within a command: nothing said is nothing done. */
static bool question(struct text *t, char *line, const char *prompt)
{
    return (ask(t, line, prompt) && *line) || nothing_done(t);
}

static const char *nth_working(const struct model *m, enum action_id a, unsigned long n)
{
    for (unsigned i = 0; i < m->count; i++)
        if (action_works(a, &m->distros[i]) && n-- == 1)
            return m->distros[i].name;
    return NULL;
}

/* Takes a number of the list or a name. */
static bool choose_distro(struct text *t, enum action_id a, char *name)
{
    const struct model *m = &t->core->model;
    const char *found;
    unsigned n = 0;
    char *end;

    for (unsigned i = 0; i < m->count; i++)
        if (action_works(a, &m->distros[i]))
            say("%u: %s, %s.", ++n, m->distros[i].name, machine_state_name(m->distros[i].state));
    if (n == 0) {
        refuse(t, STATUS_WRONG_STATE, "there is no distro for which %s works now; command list tells all.",
               action_table[a].word);
        return false;
    }
    if (!question(t, name, "Which distro? Number or name, empty for none: "))
        return false;
    if (!isdigit((unsigned char)*name)) /* no name begins with a digit */
        return true;
    found = nth_working(m, a, strtoul(name, &end, 10));
    if (found && !*end)
        snprintf(name, LINE_MAX_LEN, "%s", found);
    else
        refuse(t, STATUS_USAGE, "%s is no choice: a number from 1 to %u, or a name.", name, n);
    return found && !*end;
}

/* --- commands --- */

static void say_list(struct text *t)
{
    const struct model *m = &t->core->model;
    char text[FORMAT_TEXT];

    if (m->count == 0)
        say("There are no distros. Command install adds one.");
    for (unsigned i = 0; i < m->count; i++) {
        const struct model_distro *d = &m->distros[i];

        say("%s: %s.", d->name, machine_state_name(d->state));
        say_reason(d);
        if (!(MACHINE_BIT(d->state) & MACHINE_LIVE))
            continue;
        say("%s: boot took %s%s.", d->name, format_time_words(text, model_boot_us(d)),
            d->emulated ? ", emulated, not hardware time" : "");
        say("%s: memory on the host %s.", d->name, format_size_words(text, d->resident));
    }
}

static void say_help(void)
{
    for (int i = 0; i < ACTIONS; i++)
        if (action_table[i].word)
            say("%s, or %s: %s.", action_table[i].word, action_table[i].letter, action_table[i].help);
    say("The name of a distro may follow a command that needs one; else it asks for it.");
    say("ls, cat, cp, mount, unmount and exec work as on the command line: lxtop help tells more.");
    say("install may be followed by source and name. A path with blanks is given when it asks.");
}

static void install(struct text *t, const char *source, const char *name)
{
    char source_line[LINE_MAX_LEN], name_line[LINE_MAX_LEN] = "", prompt[256];
    struct op_args a = {.op = OP_INSTALL};
    auto_free char *free_name = NULL;

    if (!*source) {
        if (!question(t, source_line, "Install from: busybox, the path of a tar, or a folder. Empty for none: "))
            return;
        source = source_line;
    }
    free_name = store_suggest_name(&t->core->paths, source);
    if (!*name) {
        snprintf(prompt, sizeof(prompt), "Name, empty for %s: ", free_name ? free_name : "");
        if (!ask(t, name_line, prompt)) {
            nothing_done(t);
            return;
        }
        name = *name_line ? name_line : free_name;
    }
    a.source = source;
    a.distro = name;
    t->status = verb_run(t->core, &a, &t->voice);
}

static bool confirmed(struct text *t, const char *name)
{
    char line[LINE_MAX_LEN], prompt[256];

    snprintf(prompt, sizeof(prompt), "This removes %.63s and everything in it. Type its name to go on: ", name);
    if (ask(t, line, prompt) && strcmp(line, name) == 0)
        return true;
    say("Nothing was removed.");
    t->status = STATUS_CANCELLED;
    return false;
}

/* Asks for what is missing; what cannot work is refused by the verb, before anything is asked. */
static void run_action(struct text *t, enum action_id id, const char *word)
{
    const struct action *row = &action_table[id];
    struct op_args a = {.op = (enum op_id)row->op, .flags = row->flags};
    const struct model_distro *d;
    char name[LINE_MAX_LEN];

    snprintf(name, sizeof(name), "%s", word);
    if (row->selection && !*name && !choose_distro(t, id, name))
        return;
    d = model_find(&t->core->model, name);
    if (row->confirm == CONFIRM_NAME && d && action_works(id, d) && !confirmed(t, name))
        return;
    a.distro = row->selection ? name : NULL;
    t->status = verb_run(t->core, &a, &t->voice);
    watch_look(t->core->watch);
}

/* The next word of a line, "" at its end. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t\r");

    *rest = word + strcspn(word, " \t\r");
    if (**rest)
        *(*rest)++ = '\0';
    return word;
}

/* A verb about files, in the words of the command line; false: it is none. */
static bool obey_file_verb(struct text *t, const char *verb, char *rest)
{
    char *argv[WORDS_MAX] = {(char *)verb};
    struct op_args a;
    struct err e = {0};
    int op, argc = 1, used;

    if (rest && *rest && op_find(verb) < 0) /* a verb of two words? */
        argc += *(argv[1] = next_word(&rest)) != '\0';
    op = op_find_words(argc, argv, &used);
    if (op < 0 || op_table[op].hidden || (op_table[op].words < WORDS_PLACE && used == 1))
        return false;
    while (argc < WORDS_MAX && *(argv[argc] = next_word(&rest)))
        argc++;
    if (op_parse(argc, argv, &a, &e) < 0)
        refuse(t, STATUS_USAGE, "%s", e.msg);
    else
        t->status = verb_run(t->core, &a, &t->voice);
    return true;
}

static void obey(struct text *t, char *line)
{
    char *verb = next_word(&line), *first, *second, *third;
    int id;

    if (strcmp(verb, "lxtop") == 0) /* as messages name the verbs */
        verb = next_word(&line);
    if (!*verb || (action_of_word(verb) < 0 && obey_file_verb(t, verb, line)))
        return;
    first = next_word(&line);
    second = next_word(&line);
    third = next_word(&line);
    id = action_of_word(verb);
    t->status = STATUS_DONE;
    if (id < 0)
        refuse(t, STATUS_USAGE, "there is no command %.40s. h tells the commands.", verb);
    else if (id == ACTION_INSTALL ? *third : action_table[id].selection ? *second : *first)
        refuse(t, STATUS_USAGE, "too many words for %s. h tells the commands.", action_table[id].word);
    else if (id == ACTION_QUIT)
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

static void say_hello(const struct core *c, const char *why)
{
    say("lxtop in text mode: %s.", why);
    if (c->model.host.emulated)
        say("This host's processor is emulated: times are not hardware times.");
    if (!c->model.host.kvm)
        say("This host has no usable KVM: command doctor tells what to do.");
    for (unsigned long i = 1; i <= c->model.said; i++)
        if (model_message(&c->model, i))
            say("%s", model_message(&c->model, i)->text);
}

int text_run(struct core *c, const char *why)
{
    struct text t = {.core = c, .voice = {.notes = stdout, .error = error_label}};
    char line[LINE_MAX_LEN], prompt[128];
    struct err e = {0};

    setvbuf(stdin, NULL, _IONBF, 0); /* what follows a command may be for the console that it opens */
    if (!watch_start(c, NULL, &e)) {
        line_say(stderr, "lxtop: %s", e.msg);
        return STATUS_FAILED;
    }
    say_hello(c, why);
    remember(&t);
    while (!t.quit) {
        uv_run(c->loop, UV_RUN_NOWAIT);
        watch_look(c->watch);
        say_changes(&t);
        remember(&t);
        make_prompt(&t, prompt, sizeof(prompt));
        if (ask(&t, line, prompt))
            obey(&t, line);
        remember(&t);
    }
    say("Left lxtop; running distros go on running.");
    free(t.heard);
    return t.status;
}
