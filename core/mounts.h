/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distros' files mounted in folders of this machine.
 *
 * A mount is a process of its own, in the background, and a row of the kernel's table of mounts (type
 * fuse.lxtop, source lxtop:NAME); nothing else is kept about it.  So unmounting works whatever became of
 * that process or of the machine.
 */
#ifndef CORE_MOUNTS_H
#define CORE_MOUNTS_H

struct err;
struct paths;

/* May `folder` show a distro: is it one, and does it show none yet?  0 or -errno. */
int mounts_check_folder(const char *folder, struct err *e);
/*
 * Mounts the running distro's files on `folder`, as `user` of the distro (guest_files); returns when
 * they are there: 0 or -errno.  What is that user's in the distro is the caller's in the folder.
 */
int mounts_mount(const struct paths *p, const char *distro, const char *folder, const char *user,
                 struct err *e);
/* By folder, or every mount of the distro of that name; a busy one is taken out of sight at once. */
int mounts_unmount(const char *what, struct err *e);

#endif
