/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a session begins: the folder of this machine one is in, as the distro sees it.
 */
#ifndef CORE_SESSION_FOLDER_H
#define CORE_SESSION_FOLDER_H

/*
 * The guest's path of the host's folder `path` (absolute, no links in it) by the setting `shares`, with
 * `home` for ~; the innermost share wins.  NULL: no share has it.  The caller frees.
 */
char *session_folder(const char *shares, const char *home, const char *path);

#endif
