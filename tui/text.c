/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/base/nearest.h"
#include "core/core.h"
#include "core/line.h"
#include "core/source_find.h"
#include "core/watch.h"
#include "tui/loss.h"
#include "tui/text_parts.h"

/* --- commands --- */

/* What cannot work is refused by the verb, before anything is asked. */
static bool confirmed(struct text *t, struct op_args *a)
{
    const char *name;
    char loss[LOSS_TEXT];

    if (!loss_of(t->core, a, loss, &name))
        return true;
    if (!text_confirm(t, loss, name)) {
        text_say(a->op == OP_REMOVE ? "Nothing was removed." : "Nothing was changed.");
        return false;
    }
    a->flags |= op_table[a->op].flags & FLAG_YES;
    return true;
}

/* Whose coming or going is no news: the person asked for it. */
static const char *whose(const struct text *t, const struct op_args *a)
{
    const struct model *m = &t->core->model;

    if (a->op == OP_SNAPSHOT_CLONE)
        return a->word[2];
    if (a->op == OP_TRASH_RESTORE && (a->as || !a->distro))
        return a->as ? a->as : m->removed_count ? m->removed[0].name : "";
    return a->distro ? a->distro : "";
}

static void run(struct text *t, struct op_args *a)
{
    char name[NAME_MAX_LEN + 2];

    a->flags |= FLAG_WORDS;
    if (a->op == OP_EXEC && !isatty(STDIN_FILENO)) /* the lines that follow are commands for us */
        a->flags |= FLAG_NO_INPUT;
    if (!confirmed(t, a))
        return;
    snprintf(name, sizeof(name), "%s", whose(t, a));
    t->status = verb_run(t->core, a, &t->voice);
    watch_look(t->core->watch);
    text_remember(t, name);
}

/* The words as on the command line; what is left out at their end is asked for. */
static void run_words(struct text *t, int argc, char **argv, unsigned flags)
{
    char asked[TEXT_ASKED][TEXT_LINE];
    struct op_args a;
    struct err e = {0};
    int r, n = 0;

    while (((r = op_parse(argc, argv, &a, &e)) == -ENODATA || (r == 0 && text_wants_value(&a))) && n < TEXT_ASKED) {
        t->status = STATUS_DONE;
        if (!text_ask_word(t, &a, asked[n])) {
            if (r == 0)
                return;
            break;
        }
        argv[argc++] = asked[n++];
    }
    a.flags |= flags;
    if (r == 0)
        run(t, &a);
    else if (t->status == STATUS_DONE) /* it was not refused, or left, while asking */
        text_refuse(t, STATUS_USAGE, "%s", e.msg);
}

/* Where from, and under which name, of what there is on this machine. */
static bool ask_source(struct text *t, char *source)
{
    struct model *m = &t->core->model;
    auto_free char *home = NULL;
    char **names;
    bool chosen;

    model_sources_forget(m);
    for (bool looking = source_find(t->core); looking && m->source_count == 0;)
        uv_run(t->core->loop, UV_RUN_ONCE);
    names = calloc(m->source_count + 1, sizeof(*names));
    for (unsigned i = 0; names && i < m->source_count; i++) {
        names[i] = m->sources[i].text;
        text_say("%u: %s, %s.", i + 1, names[i], m->sources[i].help);
    }
    chosen = text_choose(t, "Install from? Number, or the path of a tar or a folder, empty for none: ", names,
                         names ? m->source_count : 0, source);
    if (chosen && (home = paths_in_home(source)))
        snprintf(source, TEXT_LINE, "%s", home);
    free(names);
    return chosen;
}

static void install(struct text *t, struct op_args *a)
{
    char source[TEXT_LINE], name[TEXT_LINE] = "", prompt[256];
    auto_free char *free_name = NULL;

    if (!a->source) {
        if (!ask_source(t, source))
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
    run(t, a);
}

/* SOURCE NAME as well as SOURCE --name NAME; what is left out is asked for. */
static void run_install(struct text *t, int argc, char **argv)
{
    struct op_args a = {.op = OP_INSTALL};
    struct err e = {0};
    int r = 0;

    argv[0] = (char *)op_table[OP_INSTALL].verb;
    if (argc == 3 && argv[1][0] != '-' && argv[2][0] != '-') {
        a.source = argv[1];
        a.distro = argv[2];
    } else if (argc > 1) {
        r = op_parse(argc, argv, &a, &e);
    }
    if (r < 0 && r != -ENODATA)
        text_refuse(t, STATUS_USAGE, "%s", e.msg);
    else
        install(t, &a);
}

static void help(struct text *t, int argc, char **argv)
{
    int id = argc == 2 ? action_of_word(argv[1]) : -1;

    if (argc == 1 || (argc == 2 && strcmp(argv[1], "screen") == 0)) {
        (argc == 1 ? text_tell_help : text_tell_screen)();
        return;
    }
    if (id >= 0 && action_table[id].op >= 0)
        argv[1] = (char *)op_table[action_table[id].op].verb;
    argv[0] = (char *)op_table[OP_HELP].verb;
    run_words(t, argc, argv, 0);
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

/* What is text mode's own, and no operation. */
static bool obey_own(struct text *t, int id, int argc, char **argv)
{
    if (id == ACTION_HELP)
        help(t, argc, argv);
    else if (id == ACTION_INSTALL)
        run_install(t, argc, argv);
    else if (id == ACTION_QUIT && argc == 1)
        t->quit = true;
    else if (id == ACTION_VIEW_EVENTS && argc == 1)
        text_tell_events(t);
    else if (id == ACTION_VIEW_TASKS && argc == 1)
        text_tell_tasks(t);
    else
        return false;
    return true;
}

static void refuse_command(struct text *t, const char *word)
{
    struct nearest n = nearest_to(word);

    for (int i = 0; i < ACTIONS; i++)
        if (action_table[i].word)
            nearest_try(&n, action_table[i].word);
    for (int i = 0; i < OPS; i++)
        if (!op_table[i].hidden)
            nearest_try(&n, op_table[i].verb);
    text_refuse(t, STATUS_USAGE, "there is no command %.40s%sh tells the commands.", word, n.hint);
}

static void obey_words(struct text *t, int argc, char **argv)
{
    int id = find_action(argv[0]), used, op = op_find_words(argc, argv, &used);

    t->status = STATUS_DONE;
    if (obey_own(t, id, argc, argv))
        return;
    if (id >= 0 && action_table[id].op >= 0) {
        argv[0] = (char *)op_table[action_table[id].op].verb;
        run_words(t, argc, argv, action_table[id].flags & ~(unsigned)FLAG_YES);
    } else if (id < 0 && (op < 0 ? op_is_half(argv[0]) : !op_table[op].hidden)) {
        run_words(t, argc, argv, 0);
    } else if (id >= 0) {
        text_refuse(t, STATUS_USAGE, "command %.40s stands alone; h tells the commands.", argv[0]);
    } else {
        refuse_command(t, argv[0]);
    }
}

static void obey(struct text *t, char *line)
{
    struct text_words w;
    int lxtop; /* as messages name the verbs */

    text_words(line, &w);
    lxtop = w.count > 1 && strcmp(w.word[0], "lxtop") == 0;
    if (w.count > 0)
        obey_words(t, w.count - lxtop, w.word + lxtop);
    text_words_free(&w);
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
