/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a file is, as the client sees it, where the server is an ordinary user that owns everything.
 *
 *   SQUASH  every file is shown as one user's; changing that is refused
 *   MAP     ranges of client numbers stand for ranges of the host's; the rest is nobody's
 *   XATTR   as SQUASH, but owners that the client sets are kept in an attribute of the host's file
 *   PASS    numbers are the host's, and the server acts as the user who asks (it must be root)
 *   TRUST   numbers are the host's; the client has checked what its users may do (Linux's client does,
 *           with access=client), and new files are the user's (the server must be root)
 *
 * The attribute and all others that begin with P9_OWNER_PREFIX are never shown to a client nor taken
 * from it.  Symbolic links and special files cannot carry it: they are shown as SQUASH does.
 */
#ifndef P9_OWNER_H
#define P9_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define P9_OWNER_GROUPS 32
#define P9_OWNER_PREFIX "user.lxtop."

enum p9_owner_kind { P9_OWNER_SQUASH, P9_OWNER_MAP, P9_OWNER_XATTR, P9_OWNER_PASS, P9_OWNER_TRUST };

struct p9_id_range {
    uint32_t client, host, count;
};

struct p9_owners {
    enum p9_owner_kind kind;
    uint32_t uid, gid;               /* SQUASH and XATTR: as the client sees it */
    const struct p9_id_range *uids, *gids; /* MAP; borrowed */
    size_t uids_n, gids_n;
    /*
     * PASS: the groups of a user: its own, and up to *n others in `group`; false: nobody's.  May be
     * NULL: the group numbered as the user, and no others.  Called by several threads at once.
     */
    bool (*identify)(void *ctx, uint32_t uid, uint32_t *gid, gid_t *group, size_t *n);
    void *ctx;
    bool root;                       /* this process is; p9_localfs_new sees to it */
};

/* In: the host's numbers of the file behind `fd` (any descriptor); out: the client's. */
void p9_owner_shown(const struct p9_owners *o, int fd, mode_t type, uint32_t *uid, uint32_t *gid);
/* The client changes them; (uint32_t)-1 leaves one as it is. 0 or -errno. */
int p9_owner_change(const struct p9_owners *o, int fd, mode_t type, uint32_t uid, uint32_t gid);
/*
 * A new file of the client's user in the folder `dir`.  What cannot be recorded is left as the host made
 * it; in a set-group-id folder so is the group.
 */
void p9_owner_made(const struct p9_owners *o, int dir, int fd, mode_t type, uint32_t uid, uint32_t gid);
/*
 * PASS, TRUST: file accesses of this thread are the user's from here on.  With `changes_data`, set-user-id
 * bits of what it writes go, unless the user is root; with the other kinds always, as where the server is the
 * ordinary user that it should be.
 */
void p9_owner_become(const struct p9_owners *o, uint32_t uid, bool changes_data);
/* Before this thread makes a file: its group. */
void p9_owner_making(const struct p9_owners *o, uint32_t gid);
/* May a client use this attribute?  Beside `user.` only with PASS and TRUST, and never P9_OWNER_PREFIX. */
bool p9_owner_allows(const struct p9_owners *o, const char *xattr);

#endif
