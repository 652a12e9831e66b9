/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `lxtop info` prints of one distro: its settings and where each comes from, its disk, how it runs.
 *
 * The JSON is an interface: names stay.  Sizes are in bytes, times ISO 8601; what is not known is null.
 */
#ifndef CORE_INFO_H
#define CORE_INFO_H

#include "core/report.h"

struct err;
struct model_distro;
struct options;
struct paths;

/* `m` is the model's row, borrowed.  The caller frees; NULL and an error else. */
char *info_text(const struct paths *p, const struct options *defaults, const struct model_distro *m,
                enum report_form form, struct err *e);

#endif
