/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of text mode (text*.c) know of each other; for nobody else. */
#ifndef TUI_TEXT_PARTS_H
#define TUI_TEXT_PARTS_H

#include <stdbool.h>

#include "tui/action.h"
#include "tui/verb.h"

struct op_args;

struct core;

#define TEXT_LINE 1024
#define TEXT_WORDS 64
#define TEXT_ASKED 3 /* words of one command that can be asked for */

struct text_words {
    char *word[TEXT_WORDS + TEXT_ASKED + 1]; /* within the line, or grown */
    char *grown[TEXT_WORDS];                 /* owned */
    int count;
};

/* What was last said of each distro, to tell what has changed meanwhile. */
struct heard {
    char name[NAME_MAX_LEN + 1];
    enum machine_state state;
    bool silent;
    char note[MACHINE_TEXT];
};

struct text {
    struct core *core;
    struct verb_voice voice;
    struct heard *heard;
    unsigned count;
    unsigned long said; /* serial of the last message that was told */
    int status;
    bool quit;
};

/* A line; what is in it is made plain. */
void __attribute__((format(printf, 1, 2))) text_say(const char *fmt, ...);
/* What went wrong, and the status that it gives. */
void __attribute__((format(printf, 3, 4))) text_refuse(struct text *t, int status, const char *fmt, ...);
extern const char text_error_label[];

/* text_tell.c: what there is to say. */
void text_tell_hello(struct text *t, const char *why);
void text_tell_help(void);
void text_tell_screen(void);                 /* what each action of the screen is here */
void text_tell_tasks(const struct text *t);
void text_tell_events(const struct text *t); /* all that are kept */
/* What happened since it was last told or remembered; after it nothing has. */
void text_tell_changes(struct text *t);
/* Of one distro nothing is new: the person did it.  NULL: of none. */
void text_remember(struct text *t, const char *name);

/* text_ask.c: what the person says. */
/* A line without its end; false at the end of input.  What is read is said back where it is no terminal's. */
bool text_ask(struct text *t, char *line, const char *prompt);
/* The same within a command: nothing said is nothing done. */
bool text_question(struct text *t, char *line, const char *prompt);
/* One of `n` names, each of which has been said with its number from 1: by number or by name, into `line`. */
bool text_choose(struct text *t, const char *question, char *const *name, unsigned n, char *line);
/* The word that `a` misses at its end (op_parse), into TEXT_LINE bytes; false: it cannot be asked for, or is not said. */
bool text_ask_word(struct text *t, const struct op_args *a, char *word);
/* Of what the command line can do without, as another option may say why, is a value wanted here? */
bool text_wants_value(const struct op_args *a);
/* Is the name typed? */
bool text_confirm(struct text *t, const char *loss, const char *name);
/* The words of a line, cut in place; blanks are kept within ' or ", and ~ is the home. */
void text_words(char *line, struct text_words *w);
void text_words_free(struct text_words *w);

#endif
