/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in the trash, for people and programs: name, when it was removed, what it takes, until when it is kept. */
#ifndef CORE_TRASH_REPORT_H
#define CORE_TRASH_REPORT_H

#include "config/option.h"
#include "config/paths.h"
#include "core/report.h"

/* The caller frees; NULL for lack of memory. */
char *trash_report(const struct paths *p, const struct options *defaults, enum report_form form);

#endif
