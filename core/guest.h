/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A way into a running distro: the sockets that its machine joins to the guest's vsock ports.
 *
 * The host's side of a port is $runtime/NAME/vsock.sock: one connects, sends "CONNECT PORT\n", reads
 * "OK ...\n", and the rest is the guest's.  The guest is hostile; so is what it answers.
 */
#ifndef CORE_GUEST_H
#define CORE_GUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct p9_client;
struct paths;

/*
 * A connected descriptor to a port of the guest.  A guest that is not listening yet is tried again for
 * `wait_ms`, or until *cancel (may be NULL).  -errno with a message else.
 */
int guest_connect(const struct paths *p, const char *distro, unsigned port, int wait_ms,
                  const atomic_bool *cancel, struct err *e);

/* The distro's own numbers of a user. */
struct guest_user {
    uint32_t uid, gid;
};
/*
 * The distro's files as `user` sees and makes them: a name or number, "" for the distro's default user,
 * found in the distro's /etc/passwd; *found says who that is (NULL: not wanted).  The caller frees it.  NULL and an
 * error else.
 */
struct p9_client *guest_files(const struct paths *p, const char *distro, const char *user,
                              struct guest_user *found, const atomic_bool *cancel, struct err *e);

/*
 * "NAME:/PATH" names a file of a distro, anything else one of this machine ("./a:b" helps where a name
 * has a colon).  True for a distro's: its name in `distro`; *path borrows from `text`.
 */
#define GUEST_NAME_SIZE 80
bool guest_path(const char *text, char distro[GUEST_NAME_SIZE], const char **path);

#endif
