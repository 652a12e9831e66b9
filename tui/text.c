/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/watch.h"
#include "tui/line.h"
#include "tui/text_parts.h"

#define WORDS_MAX 64

/* --- commands --- */

static void install(struct text *t, struct op_args *a)
{
    char source[TEXT_LINE], name[TEXT_LINE] = "", prompt[256];
    auto_free char *free_name = NULL;

    if (!a->source) {
        if (!text_question(t, source, "Install from: busybox, the path of a tar, or a folder. Empty for none: "))
            return;
        a->source = source;
    }
    free_name = store_suggest_name(&t->core->paths, a->source);
    if (!a->distro) {
        snprintf(prompt, sizeof(prompt), "Name, empty for %s: ", free_name ? free_name : "");
        if (!text_ask(t, name, prompt)) {
            text_say("Nothing was done.");
            t->status = STATUS_CANCELLED;
            return;
        }
        a->distro = *name ? name : free_name;
    }
    t->status = verb_run(t->core, a, &t->voice);
    text_remember(t, a->distro);
}

/* What cannot work is refused by the verb, before anything is asked. */
static bool confirmed(struct text *t, enum action_id id, const char *name)
{
    const struct model_distro *d = model_find(&t->core->model, name);
    char question[TEXT_LINE];

    if (action_table[id].confirm != CONFIRM_NAME || !d || !action_works(id, d))
        return true;
    snprintf(question, sizeof(question), "This removes %.63s and everything in it.", name);
    return text_confirm(t, question, name);
}

static void run(struct text *t, struct op_args *a)
{
    char name[NAME_MAX_LEN + 2];

    snprintf(name, sizeof(name), "%s", a->distro ? a->distro : "");
    t->status = verb_run(t->core, a, &t->voice);
    watch_look(t->core->watch);
    text_remember(t, name);
}

static bool only_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (argv[i][0] != '-')
            return false;
    return true;
}

/* The words as on the command line; a distro that is not named is asked for. */
static void run_action(struct text *t, enum action_id id, int argc, char **argv)
{
    const struct action *row = &action_table[id];
    char name[TEXT_LINE];
    struct op_args a;
    struct err e = {0};

    if (row->selection && only_options(argc, argv)) {
        if (!text_choose_distro(t, id, name))
            return;
        argv[argc++] = name;
    }
    argv[0] = (char *)op_table[row->op].verb;
    if (op_parse(argc, argv, &a, &e) < 0) {
        text_refuse(t, STATUS_USAGE, "%s", e.msg);
        return;
    }
    a.flags |= row->flags;
    if (!row->selection || confirmed(t, id, a.distro))
        run(t, &a);
}

/* SOURCE NAME as well as SOURCE --name NAME; what is left out is asked for. */
static void run_install(struct text *t, int argc, char **argv)
{
    struct op_args a = {.op = OP_INSTALL};
    struct err e = {0};

    if (argc == 3 && argv[1][0] != '-' && argv[2][0] != '-') {
        a.source = argv[1];
        a.distro = argv[2];
    } else if (argc > 1 && op_parse(argc, argv, &a, &e) < 0) {
        text_refuse(t, STATUS_USAGE, "%s", e.msg);
        return;
    }
    install(t, &a);
}

/* A verb that is no action of the console. */
static void run_verb(struct text *t, int argc, char **argv)
{
    struct op_args a;
    struct err e = {0};

    if (op_parse(argc, argv, &a, &e) < 0)
        text_refuse(t, STATUS_USAGE, "%s", e.msg);
    else if (a.op == OP_LIST && !(a.flags & FLAG_JSON)) /* ls alone: no table here */
        text_tell_list(t);
    else
        run(t, &a);
}

static void list(struct text *t, int argc, char **argv)
{
    if (argc == 1)
        text_tell_list(t);
    else
        run_action(t, ACTION_LIST, argc, argv);
}

static void help(struct text *t, int argc, char **argv)
{
    int id = argc == 2 ? action_of_word(argv[1]) : -1;
    char two[64];

    if (argc == 3) { /* a verb of two words */
        snprintf(two, sizeof(two), "%.30s %.30s", argv[1], argv[2]);
        argv[1] = two;
        argc = 2;
    }
    if (argc == 1) {
        text_tell_help();
        return;
    }
    if (id >= 0 && action_table[id].op >= 0)
        argv[1] = (char *)op_table[action_table[id].op].verb;
    run_action(t, ACTION_HELP, argc, argv);
}

/* An action by its word, its letter, or any name that its verb has. */
static int find_action(const char *word)
{
    int id = action_of_word(word), op = op_find(word);

    for (int i = 0; id < 0 && op >= 0 && i < ACTIONS; i++)
        if (action_table[i].word && action_table[i].op == op)
            id = i;
    return id;
}

static void obey(struct text *t, char *line)
{
    char *argv[WORDS_MAX + 1];
    int argc = text_words(line, argv, WORDS_MAX), id, op, used;
    bool lxtop = argc > 1 && strcmp(argv[0], "lxtop") == 0; /* as messages name the verbs */

    if (argc == 0)
        return;
    memmove(argv, argv + lxtop, (size_t)(argc -= lxtop) * sizeof(*argv));
    id = find_action(argv[0]);
    op = op_find_words(argc, argv, &used);
    t->status = STATUS_DONE;
    if (id == ACTION_QUIT && argc == 1)
        t->quit = true;
    else if (id == ACTION_VIEW_EVENTS && argc == 1)
        text_tell_events(t);
    else if (id == ACTION_HELP)
        help(t, argc, argv);
    else if (id == ACTION_LIST)
        list(t, argc, argv);
    else if (id == ACTION_INSTALL)
        run_install(t, argc, argv);
    else if (id >= 0 && action_table[id].op >= 0)
        run_action(t, (enum action_id)id, argc, argv);
    else if (id < 0 && op >= 0 && !op_table[op].hidden)
        run_verb(t, argc, argv);
    else
        text_refuse(t, STATUS_USAGE, "there is no command %.40s. h tells the commands.", argv[0]);
}

static void make_prompt(const struct text *t, char *to, size_t size)
{
    unsigned n = t->core->model.count;

    snprintf(to, size, "%u distro%s, %u running. Command, or h for help: ", n, n == 1 ? "" : "s",
             model_count_live(&t->core->model));
}

int text_run(struct core *c, const char *why)
{
    struct text t = {.core = c, .voice = {.notes = stdout, .error = text_error_label}};
    char line[TEXT_LINE], prompt[128];
    struct err e = {0};

    setvbuf(stdin, NULL, _IONBF, 0); /* what follows a command may be for the console that it opens */
    if (!watch_start(c, NULL, &e)) {
        line_say(stderr, "lxtop: %s", e.msg);
        return STATUS_FAILED;
    }
    text_tell_hello(&t, why);
    while (!t.quit) {
        uv_run(c->loop, UV_RUN_NOWAIT);
        watch_look(c->watch);
        text_tell_changes(&t);
        make_prompt(&t, prompt, sizeof(prompt));
        if (text_ask(&t, line, prompt))
            obey(&t, line);
    }
    text_say("Left lxtop; running distros go on running.");
    free(t.heard);
    return t.status;
}
