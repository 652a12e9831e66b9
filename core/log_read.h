/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was said in and around a machine, line by line: by the guest's kernel (while it runs), on its
 * console, by lxtop-guest (the notes of run.json) and by lxtop-vmm.
 *
 * A line for people is "SOURCE: TEXT\n", for programs {"source": SOURCE, "text": TEXT}.  Text is plain
 * (plain.h): what a guest says moves no cursor.  In words, lines that draw something are left out.
 */
#ifndef CORE_LOG_READ_H
#define CORE_LOG_READ_H

#include <stdbool.h>

#include "core/report.h"

struct core;
struct err;
struct log_read;

/* `running`: the kernel is asked, too, and with `follow` it goes on to tell.  The text is borrowed. */
struct log_read *log_read_start(struct core *c, const char *distro, bool running, bool follow, enum report_form form,
                                void (*line)(void *ctx, const char *text), void *ctx, struct err *e);
/* Tells what the files have got meanwhile. */
void log_read_more(struct log_read *l);
/* The kernel has still to tell what it has said so far, or goes on. */
bool log_read_busy(const struct log_read *l);
unsigned long log_read_lines(const struct log_read *l); /* told so far */
void log_read_free(struct log_read *l); /* NULL allowed */

#endif
