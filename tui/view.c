/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/view.h"

const struct view *const view_table[VIEWS] = {
    [VIEW_DISTROS] = &view_distros, [VIEW_INFO] = &view_info,         [VIEW_LOG] = &view_log,
    [VIEW_FILES] = &view_files,     [VIEW_INSTALL] = &view_install,   [VIEW_TASKS] = &view_tasks,
    [VIEW_SETTINGS] = &view_settings, [VIEW_EVENTS] = &view_events,   [VIEW_HELP] = &view_help,
    [VIEW_PALETTE] = &view_palette, [VIEW_SNAPSHOTS] = &view_snapshots,
    [VIEW_CHANGES] = &view_changes,
    [VIEW_PANES] = &view_panes,
};
