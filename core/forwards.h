/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forwards in a distro's settings (option `forwards`): what is there at the next start. */
#ifndef CORE_FORWARDS_H
#define CORE_FORWARDS_H

#include <jansson.h>
#include <stdbool.h>

#include "config/option.h"
#include "config/paths.h"
#include "core/base/forward.h"

struct err;

/* Negative: it cannot be added to them; -EEXIST: its port leads elsewhere already. */
int forwards_may_add(const struct paths *p, const struct options *defaults, const char *distro,
                     const struct forward *f, struct err *e);
/*
 * Adds one, or removes it.  -ENOENT: there is none to remove.  What
 * the distro got from lxtop.conf so far becomes its own.
 */
int forwards_keep(const struct paths *p, const struct options *defaults, const char *distro,
                  const struct forward *f, bool add, struct err *e);

/*
 * A line for each of the settings', or of a machine's reply to "forward"; the caller frees.  Behind one
 * of a machine may stand that it is automatic, or only offered.
 */
char *forwards_settings_text(const struct paths *p, const struct options *defaults,
                             const char *distro, struct err *e);
char *forwards_reply_text(const json_t *reply);
/* Such lines as an array of { "forward", "protocol", "port", "guest_port", "automatic", "offered" }; the caller frees. */
char *forwards_json(const char *lines);
/* The same in words (report.h). */
char *forwards_words(const char *distro, const char *lines);

#endif
