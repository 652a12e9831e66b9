/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder that root mounts something on, whoever may write beside it.
 *
 * Shares and the distro's own settings name places like /home/eve/src.  Were links followed there as they are,
 * eve could lay one to /etc and find the host's folder, hers to write, in its place after the next start.  So
 * only links are followed that nobody but root can have made; what is not there is made.
 */
#ifndef VMM_GUEST_MOUNT_POINT_H
#define VMM_GUEST_MOUNT_POINT_H

struct err;

/* An O_PATH descriptor of the folder (absolute, normal or not), which stays that folder; or -errno. */
int mount_point_open(const char *path, struct err *e);

#endif
