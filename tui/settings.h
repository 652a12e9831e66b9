/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb `settings`: what the Settings view shows of the console itself, told and changed (config/console.h). */
#ifndef TUI_SETTINGS_H
#define TUI_SETTINGS_H

#include "tui/verb.h"

/* Of verb_run's kind. */
int run_settings(struct core *c, const struct op_args *a, const struct verb_voice *v);

#endif
