/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for people, of text mode, verbs and reports: plain whatever they are made of.
 *
 * Names, paths and what a person types can hold bytes that move a cursor; none reaches `f` (plain.h).
 */
#ifndef CORE_LINE_H
#define CORE_LINE_H

#include <stdio.h>

/* A line; the newline is added. Cut at 4095 bytes. */
void line_say(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same without newline, for questions. */
void line_ask(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
