/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports in words (report.h): one fact a line, what it is about first. */
#ifndef CORE_REPORT_WORDS_H
#define CORE_REPORT_WORDS_H

#include <jansson.h>
#include <stdio.h>

struct doctor_answer;
struct doctor_check;
struct model;
struct model_distro;

/* The caller frees; NULL for lack of memory. */
char *words_list(const struct model *m);
char *words_stats(const struct model_distro *d, const json_t *stats);
/* Lines to `f`. */
void words_reason(FILE *f, const struct model_distro *d); /* why it failed, and what is wrong with it now */
void words_check(FILE *f, const struct doctor_check *c, const struct doctor_answer *a);

#endif
