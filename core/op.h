/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations: one row each gives verb, aliases, arguments, legal states and help to every
 * surface (command line, text mode, screen), so that none of them can drift.
 *
 * An operation that takes time is a job on the loop.  Its surface hears what is going on (note,
 * progress), what it asked for (print) and, once and last, how it ended.  Closing a surface does
 * not undo what was begun: a machine goes on starting, an install goes on.
 */
#ifndef CORE_OP_H
#define CORE_OP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/option.h"
#include "core/base/err.h"
#include "core/model.h"
#include "core/store.h"

struct core;

enum op_id {
    OP_LIST,
    OP_INSTALL,
    OP_START,
    OP_STOP,
    OP_SUSPEND,
    OP_SHELL,
    OP_EXEC,
    OP_CONSOLE,
    OP_STATS,
    OP_REMOVE,
    OP_FILES,
    OP_CAT,
    OP_COPY,
    OP_MOUNT,
    OP_UNMOUNT,
    OP_FORWARD,
    OP_INFO,
    OP_LOG,
    OP_SET,
    OP_SNAPSHOT_CREATE,
    OP_SNAPSHOT_LIST,
    OP_SNAPSHOT_RESTORE,
    OP_SNAPSHOT_UNDO,
    OP_SNAPSHOT_DELETE,
    OP_SNAPSHOT_CLONE,
    OP_SNAPSHOT_DIFF,
    OP_TRASH_LIST,
    OP_TRASH_RESTORE,
    OP_TRASH_EMPTY,
    OP_SETTINGS,
    OP_DOCTOR,
    OP_HELP,
    OP_VERSION,
    OP_TASK_INSTALL,
    OP_TASK_MOUNT,
    OPS
};

/* Begins to delete what has been in the trash for its time (the setting `trash`); waits for nothing, tells nobody. */
void trash_expire(struct core *c);

/* How an operation ended, which is the exit status of its verb. */
enum op_status {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_NO_DISTRO = 3,
    STATUS_WRONG_STATE = 4,
    STATUS_HOST = 5,
    STATUS_CANCELLED = 130
};
struct op_status_info {
    enum op_status status;
    const char *help;
};
extern const struct op_status_info op_status_table[];
extern const unsigned op_status_count;

/* Flags of the command line, by bit; options of the option table come beside them. */
enum op_flag { FLAG_JSON = 1, FLAG_FORCE = 2, FLAG_YES = 4, FLAG_NAME = 8, FLAG_SETTINGS = 16,
               FLAG_LONG = 32, FLAG_RECURSIVE = 64, FLAG_PRESERVE = 128,
               FLAG_USER = 256 /* the one setting --user */, FLAG_CD = 512, FLAG_ENV = 1024,
               FLAG_REMOVE = 2048, FLAG_FOLLOW = 4096, FLAG_NOTE = 1 << 16, FLAG_MEMORY = 1 << 17, FLAG_NO_INPUT = 1 << 21 /* of the surface: what runs gets no input of it */, FLAG_PURGE = 1 << 19, FLAG_AS = 1 << 20,
               FLAG_WORDS = 1 << 18 /* of the surface: what is told is told in words (report.h) */ };
/* Words that follow the verb. */
enum op_words {
    WORDS_NONE, WORDS_DISTRO, WORDS_SOURCE, WORDS_SOURCE_NAME,
    WORDS_REMOVED, /* perhaps the name of a distro in the trash (trash.h) */
    WORDS_PLACE,   /* NAME:/PATH */
    WORDS_PLACES,  /* several of one distro */
    WORDS_COPY,    /* files here or there, and where to */
    WORDS_MOUNT,   /* distro and folder */
    WORDS_MOUNTED, /* folder or distro */
    WORDS_VERB,    /* perhaps a verb, of one word or two */
    WORDS_OWN,     /* perhaps a setting of the console, and its value */
    WORDS_COMMAND, /* distro and a command, whose own words no flags are sought in */
    WORDS_FORWARD, /* distro, and a forward */
    WORDS_SETTING, /* distro, the name of a setting and its value */
    WORDS_SNAPSHOT_NEW,   /* distro, perhaps a name for the snapshot */
    WORDS_SNAPSHOT,       /* distro and snapshot */
    WORDS_SNAPSHOT_CLONE, /* distro, snapshot and the new distro */
    WORDS_SNAPSHOT_DIFF,  /* distro and one or two snapshots */
};
#define OP_WORDS 1024 /* that follow a verb at most */
#define OP_ENVS 64

struct op_info {
    const char *verb; /* one word, or two with a blank between */
    const char *aliases[3];
    enum op_words words;
    unsigned flags;   /* enum op_flag, allowed */
    unsigned states;  /* MACHINE_BIT of the states in which it is legal; 0: no distro needed */
    bool hidden;      /* not in help */
    const char *help; /* one line, no full stop */
};
extern const struct op_info op_table[OPS];

/* Everything borrowed: from argv, or from the surface, for the length of op_start. */
struct op_args {
    enum op_id op;
    const char *distro;  /* WORDS_DISTRO; for an install its name or NULL */
    const char *source;
    unsigned flags;
    const char *setting[OPTIONS]; /* text by option, NULL: not given */
    const char *word[OP_WORDS];   /* WORDS_PLACE and on: as typed */
    unsigned words;
    const char *note;             /* FLAG_NOTE; NULL: not given */
    const char *as;               /* FLAG_AS: the new name; NULL: not given */
    const char *folder;           /* FLAG_CD; NULL: not given */
    const char *env[OP_ENVS];     /* FLAG_ENV: "NAME=VALUE" */
    unsigned envs;
    char place[NAME_MAX_LEN + 2]; /* what `distro` points to where it was part of a word */
};

/* `verb` or an alias, or -1. */
int op_find(const char *verb);
/* Is it the first word of verbs of two words? */
bool op_is_half(const char *word);
/* The same of a line's first words, and how many they are. */
int op_find_words(int argc, char *const *argv, int *words);
/*
 * argv[0] is the verb.  -EINVAL with a message that names the right usage; -ENODATA, as that, where all is right
 * but words are missing at the end: *a has what there is.
 */
int op_parse(int argc, char *const *argv, struct op_args *a, struct err *e);
/* "lxtop start NAME"; the caller frees. */
char *op_usage(enum op_id op);
/* Does its first word name a distro? */
bool op_of_distro(enum op_id op);
/* Usage and help of all verbs; the exit statuses; to `f`. */
void op_help(FILE *f);
/* Of one verb, or of all whose first word it is.  -EINVAL: there is none. */
int op_help_of(FILE *f, int argc, char *const *argv, struct err *e);
bool op_legal(enum op_id op, enum machine_state s);
/* Why it is not legal and what to do, as an error: -EBUSY. */
int op_refuse(enum op_id op, const struct model_distro *d, struct err *e);

struct op_events {
    void (*print)(void *ctx, const char *text); /* output proper: a table, JSON; ends in newline */
    void (*note)(void *ctx, const char *text);  /* a sentence, without newline */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* bytes; total 0: not known */
    void (*finished)(void *ctx, enum op_status status, const struct err *e); /* once, last */
};
struct op_job;
/*
 * Begins the operation `a`; never calls back before it returns.  OP_CONSOLE, OP_SETTINGS, OP_HELP, OP_VERSION
 * and OP_TASK_INSTALL belong to the surface and are refused here; of OP_SHELL and OP_EXEC this is the
 * start of the distro, the session itself is the surface's.  NULL only for lack of memory.
 */
struct op_job *op_start(struct core *c, const struct op_args *a, const struct op_events *ev,
                        void *ctx);
/* An install stops and leaves nothing; a start or stop is no longer waited for.  Ends in finished. */
void op_cancel(struct op_job *j);
/* Cancels the install of `distro` by this process, if there is one. */
void op_cancel_install(struct core *c, const char *distro);
/* Cancels the one that model_task `serial` shows; nothing where it has ended. */
void op_cancel_task(struct core *c, unsigned long serial);
/* No callback comes any more; what was begun goes on, and the job is no more. */
void op_detach(struct op_job *j);
/* A running operation, or NULL. */
struct op_job *op_first(struct core *c);
/* Does the running of `verb` need the model (and so a watch)? Which distro alone? */
const char *op_watches(const struct op_args *a);

#endif
