/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen console without a terminal: keys in, requests out, drawn from the model into a grid.
 *
 * It holds only what belongs to the looking: the view, its selection (a name, so that rows may come and
 * go), filter and marks, an open question.  It changes no model and runs nothing: an action becomes a
 * request that the application carries out.  The hardware cursor rests on the first character of the
 * selected row, or at the end of the text being typed.
 */
#ifndef TUI_UI_H
#define TUI_UI_H

#include <stdbool.h>

#include "core/model.h"
#include "core/op.h"
#include "core/tree.h"
#include "tui/action.h"
#include "tui/doc.h"
#include "tui/grid.h"
#include "config/key.h"
#include "tui/keymap.h"
#include "tui/list.h"
#include "tui/look.h"
#include "tui/view.h"

enum ui_want {
    WANT_NOTHING,
    WANT_OP,
    WANT_SHELL,
    WANT_CONSOLE,
    WANT_PANE,         /* a shell of `distro` in a pane */
    WANT_PANE_CONSOLE, /* its boot console in one */
    WANT_CANCEL,
    WANT_CANCEL_TASK, /* `task` */
    WANT_LOOK,        /* ui->look has changed: keep it */
    WANT_SET_CONSOLE, /* setting `option` of the console to `text` */
    WANT_SET_KEYS,    /* ui->keys has changed: keep that the action `option` has the keys `text` */
    WANT_FILE_VIEW,   /* args.word[0], with $PAGER */
    WANT_FILE_EDIT,   /* the same with $EDITOR */
    WANT_FILE_RENAME, /* args.word[0] to the name args.word[1] */
    WANT_FILE_REMOVE, /* args.word */
    WANT_REPAINT,
    WANT_SUSPEND,
    WANT_QUIT,
    WANTS
};
/* Strings live in the ui until its next key. */
struct ui_request {
    enum ui_want want;
    struct op_args args;        /* WANT_OP */
    char *const *targets;       /* WANT_OP: not for args.distro but for each of these */
    unsigned target_count;      /* 0: args.distro */
    const char *distro;
    unsigned long task;
    int option;
    const char *text;
};

/* A question in the bottom line and the answer that is being typed. */
#define PROMPT_LINE 1024
struct prompt {
    struct ui_request (*answer)(struct ui *u, const struct model *m); /* Enter; NULL: no question is open */
    void (*typed)(struct ui *u, const struct model *m); /* after each change; NULL: nothing */
    /* Esc; `was` is the prompt that is left.  NULL: "Nothing was changed." */
    void (*left)(struct ui *u, const struct model *m, const struct prompt *was);
    char question[NAME_MAX_LEN + 128];
    char line[PROMPT_LINE]; /* UTF-8 */
    bool moving;            /* the last key moved over the rows above: there the cursor is */
    struct {
        char text[LIST_FILTER], name[LIST_NAME];
        int index;
    } before; /* what was searched for or shown, and selected, when it came up */
};

/* What the install view has been told so far. */
struct form {
    bool filling; /* a source is chosen, its settings are the rows */
    char source[1024], name[NAME_MAX_LEN + 1];
    char setting[OPTIONS][256]; /* "": the default */
};

/* The files of a distro on the left and of this machine on the right. */
#define FILES_PATH 4096
struct files {
    int side;                       /* that the keys are for: 0 the distro's, 1 this machine's */
    char distro[NAME_MAX_LEN + 1];  /* whose folder path[0] is */
    char path[2][FILES_PATH];       /* looked at */
    unsigned reload;                /* counts: look again */
    struct list here;               /* of side 1; list[VIEW_FILES] is of side 0 */
    char **word;                    /* of the request; owned */
    unsigned words;
    char name[TREE_NAME_SIZE];      /* of the file that is renamed */
};

struct tabs;

#define UI_DEPTH 8
struct ui {
    struct look look;
    struct keymap keys;
    enum view_id view;
    enum view_id back[UI_DEPTH];     /* where Esc leads, the last first */
    unsigned depth;
    struct list list[VIEWS];
    struct doc doc;                  /* of the view, when it is a document */
    int cols, head_row, first_row, keys_row; /* of the last drawing; -1: none */
    char subject[NAME_MAX_LEN + 1];  /* whom a view of one distro is about */
    char distro[NAME_MAX_LEN + 1];   /* of the question or the request */
    struct prompt prompt;
    char search[LIST_FILTER];
    unsigned long seen;              /* message in the message line has this serial at least */
    char hint[MACHINE_TEXT * 2];     /* answer to the last key, shown before messages */
    bool frozen;
    time_t frozen_at;
    struct model_distro *held;       /* rows whose figures do not change on the screen; owned */
    unsigned held_count;
    struct history *held_history;    /* of each of them, where `frozen`; owned */
    struct model_host held_host;     /* the same of this host, and of the devices looked at; where `frozen` */
    struct model_device held_devices[MODEL_DEVICES];
    unsigned held_device_count;
    char held_of[NAME_MAX_LEN + 1];  /* whose devices; "": of none */
    struct form form;
    struct files files;
    char snapshot[2][SNAPSHOT_NAME_MAX + 1]; /* of the question or the request */
    bool vmm_log;                    /* of the two logs */
    int option;                      /* of the question of a setting */
    /* A free name for a source, for the form; the caller of it frees. */
    char *(*suggest)(void *ctx, const char *source);
    void *suggest_ctx;
    const struct console_options *console; /* for the settings; borrowed, NULL: not known */
    struct tabs *tabs; /* the terminal panes; borrowed, NULL: none */
};

void ui_init(struct ui *u);
void ui_release(struct ui *u);
/* `k` may be any key; K_NONE is none that is known. */
struct ui_request ui_key_pressed(struct ui *u, const struct model *m, ui_key k);
/* ui_mouse.c: a click on a cell, `twice` the second one in a row; the wheel, down positive. */
struct ui_request ui_click(struct ui *u, const struct model *m, int row, int col, bool twice);
void ui_wheel(struct ui *u, const struct model *m, int rows);
/* In ui_draw.c.  Any size of grid; what does not fit is left out, the selection and a prompt last. */
void ui_draw(struct ui *u, const struct model *m, struct grid *g);
/* The distro that an action is for now, or NULL: selected in the list, or the one that a view is about. */
const struct model_distro *ui_subject(const struct ui *u, const struct model *m);
/* Its name, or "". */
const char *ui_focus(const struct ui *u);
/* Does the action work now, in the view or in that beneath help and palette? */
bool ui_works(const struct ui *u, const struct model *m, int action);
/* The view tells details of it, which the application should fetch (watch_focus). */
bool ui_looks_closely(const struct ui *u);

/* view_files.c: as OP_COPY and the like take it, "NAME:/path" or "/path"; into `to` of FILES_PATH + 80 bytes. */
const char *files_place(const struct ui *u, int side, const char *name, char *to);
void files_release(struct files *f);
/* view_snapshots.c: a line of the tree; and the question for a new one. */
void snapshot_line(const struct model_focus *f, unsigned row, bool ascii, int cols, char *to, size_t size);
void ask_snapshot(struct ui *u, const struct model_distro *d, bool memory);

/* --- for the views --- */

struct list *ui_list(struct ui *u);
const struct view *ui_view(const struct ui *u);
enum view_id ui_beneath(const struct ui *u); /* what help and palette, which lie over a view, are about */
/* Its figures as they are to be shown: those held, if any are. */
const struct model_distro *ui_figures(const struct ui *u, const struct model_distro *d);
void ui_open(struct ui *u, const struct model *m, enum view_id v);
struct ui_request ui_back(struct ui *u, const struct model *m);
struct ui_request ui_act(struct ui *u, const struct model *m, enum action_id a);
/* What the list of the view shows may have changed. */
void ui_refresh(struct ui *u, const struct model *m);
void ui_hint(struct ui *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A hint in which keys stand as keymap_fill puts them. */
void ui_hint_keys(struct ui *u, const char *text);
struct ui_request ui_op(struct ui *u, enum op_id op, unsigned flags, const char *distro);
struct ui_request ui_want(struct ui *u, enum ui_want want, const char *distro);

/* ui_prompt.c */
void ui_ask(struct ui *u, struct ui_request (*answer)(struct ui *u, const struct model *m), const char *text,
            const char *fmt, ...) __attribute__((format(printf, 4, 5)));
struct ui_request ui_prompt_key(struct ui *u, const struct model *m, ui_key k);
/* What is pasted, a piece of whole characters, between the keys K_PASTE and K_PASTE_END. */
void ui_paste(struct ui *u, const char *text, size_t len);
void ui_type(struct ui *u, const char *text, size_t len); /* into the answer; what is no text of one line is a blank */
void ui_move(struct ui *u, const struct model *m, enum action_id a);

#endif
