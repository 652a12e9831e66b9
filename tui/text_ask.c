/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What text mode asks and hears. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/line.h"
#include "core/snapshots.h"
#include "core/store.h"
#include "core/watch.h"
#include "core/words.h"
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

/* A name that is all digits goes before the number. */
bool text_choose(struct text *t, const char *question, char *const *name, unsigned n, char *line)
{
    unsigned long number;
    char *end;

    if (!text_question(t, line, question))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (strcmp(line, name[i]) == 0)
            return true;
    number = strtoul(line, &end, 10);
    if (!isdigit((unsigned char)*line) || *end)
        return true;
    if (number > 0 && number <= n)
        snprintf(line, TEXT_LINE, "%s", name[number - 1]);
    else
        text_refuse(t, STATUS_USAGE, "%s is no choice: a number from 1 to %u, or a name.", line, n);
    return number > 0 && number <= n;
}

static bool choose_distro(struct text *t, enum op_id op, char *name)
{
    const struct model *m = &t->core->model;
    char **names = calloc(m->count + 1, sizeof(*names));
    unsigned n = 0;
    bool chosen = false;

    for (unsigned i = 0; names && i < m->count; i++)
        if (op_legal(op, m->distros[i].state)) {
            names[n++] = strdup(m->distros[i].name); /* the model may change while one chooses */
            text_say("%u: %s, %s.", n, m->distros[i].name, machine_state_name(m->distros[i].state));
        }
    if (n == 0)
        text_refuse(t, STATUS_WRONG_STATE, "there is no distro for which %s works now; command list tells all.",
                    op_table[op].verb);
    else
        chosen = text_choose(t, "Which distro? Number or name, empty for none: ", names, n, name);
    while (n)
        free(names[--n]);
    free(names);
    return chosen;
}

static bool choose_snapshot(struct text *t, const char *distro, char *name)
{
    char *names[SNAPSHOTS_MAX], when[WORDS_TEXT];
    struct snapshots s;
    struct err e = {0};
    unsigned n = 0;
    bool chosen = false;

    if (snapshots_load(&t->core->paths, distro, &s, &e) < 0) {
        text_refuse(t, STATUS_NO_DISTRO, "%s", e.msg);
        return false;
    }
    for (; n < s.count; n++) {
        names[n] = s.list[n].name;
        text_say("%u: %s, taken at %s%s%s.", n + 1, names[n], words_moment(when, s.list[n].created),
                 *s.list[n].note ? ", " : "", s.list[n].note);
    }
    if (n == 0)
        text_refuse(t, STATUS_FAILED, "%s has no snapshots; command snapshot create takes one.", distro);
    else
        chosen = text_choose(t, "Which snapshot? Number or name, empty for none: ", names, n, name);
    snapshots_release(&s);
    return chosen;
}

static bool choose_setting(struct text *t, char *name)
{
    char *names[OPTIONS];

    for (int i = 0; i < OPTIONS; i++) {
        names[i] = (char *)option_table[i].name;
        text_say("%d: %s, %s.", i + 1, names[i], option_table[i].help);
    }
    return text_choose(t, "Which setting? Number or name, empty for none: ", names, OPTIONS, name);
}

static bool ask_value(struct text *t, const struct op_args *a, char *value)
{
    auto_free char *now = NULL, *question = NULL;
    struct distro d;
    struct err e = {0};

    if (store_load(&t->core->paths, &t->core->defaults, a->distro, &d, &e) < 0) {
        text_refuse(t, STATUS_NO_DISTRO, "%s", e.msg);
        return false;
    }
    now = options_format(&d.options, (enum option_id)option_find(a->word[1]));
    distro_release(&d);
    question = file_path("%s is %s. New value, empty for none: ", a->word[1], now && *now ? now : "empty");
    return question && text_question(t, value, question);
}

bool text_wants_value(const struct op_args *a)
{
    return a->op == OP_SET && a->words == 2 && !(a->flags & FLAG_REMOVE) && option_find(a->word[1]) >= 0;
}

bool text_ask_word(struct text *t, const struct op_args *a, char *word)
{
    enum op_words w = op_table[a->op].words;

    if (op_of_distro(a->op) && !a->distro)
        return choose_distro(t, a->op, word);
    if (w == WORDS_SETTING)
        return a->words == 1 ? choose_setting(t, word) : ask_value(t, a, word);
    if (w >= WORDS_SNAPSHOT && a->words == 1)
        return choose_snapshot(t, a->distro, word);
    if (w == WORDS_SNAPSHOT_CLONE)
        return text_question(t, word, "Name of the new distro, empty for none: ");
    if (w == WORDS_MOUNT)
        return text_question(t, word, "Folder of this machine to show it in, empty for none: ");
    return false;
}

bool text_confirm(struct text *t, const char *loss, const char *name)
{
    char line[TEXT_LINE], prompt[TEXT_LINE];

    snprintf(prompt, sizeof(prompt), "%s Type %s to go on: ", loss, name);
    if (text_ask(t, line, prompt) && strcmp(line, name) == 0)
        return true;
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

void text_words(char *line, struct text_words *w)
{
    *w = (struct text_words){0};
    while (w->count < TEXT_WORDS) {
        bool bare;

        while (isspace((unsigned char)*line))
            line++;
        if (!*line)
            break;
        bare = *line == '~';
        w->word[w->count] = cut_word(&line);
        if (bare && (w->grown[w->count] = paths_in_home(w->word[w->count])))
            w->word[w->count] = w->grown[w->count];
        w->count++;
    }
}

void text_words_free(struct text_words *w)
{
    for (int i = 0; i < w->count; i++)
        free(w->grown[i]);
}
