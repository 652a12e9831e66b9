/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carries out what the files view wants: lists folders into model.folder, renames, removes; on threads, never here. */
#ifndef TUI_BROWSER_H
#define TUI_BROWSER_H

#include "tui/ui.h"

struct core;
struct file_job;

struct browser {
    struct core *core; /* set by the owner */
    struct {
        struct file_job *job; /* NULL: none runs */
        struct browser_listing *listing;
        char *wanted;         /* what it lists, or what was listed last; owned */
    } side[2];
    struct browser_change *changes; /* renames and removals that run */
    unsigned done;                  /* counts changes that have ended: look again */
};
/* Lists again whatever differs from what was listed last. */
void browser_look(struct browser *b, const struct ui *u);
void browser_change(struct browser *b, const struct ui_request *r);
/* What runs is cancelled and heard of no more. */
void browser_release(struct browser *b);

#endif
