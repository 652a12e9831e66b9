/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `snapshot list` prints: the tree as indented lines, in words, or as JSON, an interface whose names stay.
 * Sizes are bytes of the host's disk: `changed` is what a snapshot's own layer takes, `size` that and all
 * layers that it stands on.  The caller frees.
 */
#ifndef CORE_SNAPSHOTS_REPORT_H
#define CORE_SNAPSHOTS_REPORT_H

#include "core/report.h"
#include "core/snapshots.h"

char *snapshots_report(const struct snapshots *s, enum report_form form);

#endif
