/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `list`, `stats` and `doctor` print: the model as a table of text, in words or as JSON.
 *
 * The JSON is an interface: names stay.  Sizes are in bytes, times in microseconds unless the name
 * says otherwise; what is not known is null.  In words it is one fact a line, what it is about first,
 * with figures as one would say them (words.h).  The caller frees.
 */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "core/model.h"

struct doctor_facts;

enum report_form { REPORT_TABLE, REPORT_WORDS, REPORT_JSON };

/* Any value as lines of JSON; on one line alone.  Both take it. */
char *report_json(json_t *value);
char *report_json_line(json_t *value);
char *report_list(const struct model *m, enum report_form form);
/* `stats`: the machine's own reply (vmm/ctl.h), borrowed. */
char *report_stats(const struct model_distro *d, const json_t *stats, enum report_form form);
/* *host_cannot: a check that machines need has failed. */
char *report_doctor(const struct doctor_facts *f, enum report_form form, bool *host_cannot);

#endif
