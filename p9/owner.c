/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NOBODY 65534u
#define KEEP ((uint32_t)-1)
#define OWNER_XATTR P9_OWNER_PREFIX "owner" /* "UID GID" */
#define FD_PATH_SIZE 32

/* The file behind any descriptor, for the calls that take no O_PATH one. */
static const char *fd_path(int fd, char path[FD_PATH_SIZE])
{
    snprintf(path, FD_PATH_SIZE, "/proc/self/fd/%d", fd);
    return path;
}

static bool carries_xattr(const struct p9_owners *o, mode_t type)
{
    return o->kind == P9_OWNER_XATTR && (S_ISREG(type) || S_ISDIR(type));
}

/* Leaves the numbers alone when nothing, or nonsense, is recorded. */
static void recorded(int fd, uint32_t *uid, uint32_t *gid)
{
    char path[FD_PATH_SIZE], text[32];
    ssize_t len = getxattr(fd_path(fd, path), OWNER_XATTR, text, sizeof(text) - 1);
    uint32_t u, g;

    if (len <= 0)
        return;
    text[len] = '\0';
    if (sscanf(text, "%u %u", &u, &g) == 2) {
        *uid = u;
        *gid = g;
    }
}

static int set_recorded(const char *path, const char *text)
{
    return setxattr(path, OWNER_XATTR, text, strlen(text), 0) < 0 ? -errno : 0;
}

/* A file may be read-only to its owner, us; the attribute asks for write permission all the same. */
static int record(int fd, uint32_t uid, uint32_t gid)
{
    char path[FD_PATH_SIZE], text[32];
    struct stat st;
    int rc;

    snprintf(text, sizeof(text), "%u %u", uid, gid);
    rc = set_recorded(fd_path(fd, path), text);
    if (rc != -EACCES || fstat(fd, &st) < 0 || chmod(path, (st.st_mode & 07777) | S_IWUSR) < 0)
        return rc;
    rc = set_recorded(path, text);
    chmod(path, st.st_mode & 07777);
    return rc;
}

static uint32_t to_client(const struct p9_id_range *r, size_t n, uint32_t host)
{
    for (size_t i = 0; i < n; i++)
        if (host >= r[i].host && host - r[i].host < r[i].count)
            return r[i].client + (host - r[i].host);
    return NOBODY;
}

/* False: this number of the client's is nobody here. */
static bool to_host(const struct p9_id_range *r, size_t n, uint32_t *id)
{
    if (*id == KEEP)
        return true;
    for (size_t i = 0; i < n; i++)
        if (*id >= r[i].client && *id - r[i].client < r[i].count) {
            *id = r[i].host + (*id - r[i].client);
            return true;
        }
    return false;
}

void p9_owner_shown(const struct p9_owners *o, int fd, mode_t type, uint32_t *uid, uint32_t *gid)
{
    switch (o->kind) {
    case P9_OWNER_PASS:
    case P9_OWNER_TRUST:
        break;
    case P9_OWNER_MAP:
        *uid = to_client(o->uids, o->uids_n, *uid);
        *gid = to_client(o->gids, o->gids_n, *gid);
        break;
    case P9_OWNER_SQUASH:
    case P9_OWNER_XATTR:
        *uid = o->uid;
        *gid = o->gid;
        if (carries_xattr(o, type))
            recorded(fd, uid, gid);
        break;
    }
}

static int chown_fd(int fd, uint32_t uid, uint32_t gid)
{
    return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int change_shown(const struct p9_owners *o, int fd, mode_t type, uint32_t uid, uint32_t gid)
{
    uint32_t now_uid, now_gid;

    p9_owner_shown(o, fd, type, &now_uid, &now_gid);
    uid = uid == KEEP ? now_uid : uid;
    gid = gid == KEEP ? now_gid : gid;
    if (uid == now_uid && gid == now_gid)
        return chown_fd(fd, KEEP, KEEP); /* No change but of the ctime. */
    return carries_xattr(o, type) ? record(fd, uid, gid) : -EPERM;
}

int p9_owner_change(const struct p9_owners *o, int fd, mode_t type, uint32_t uid, uint32_t gid)
{
    switch (o->kind) {
    case P9_OWNER_PASS:
    case P9_OWNER_TRUST:
        return chown_fd(fd, uid, gid);
    case P9_OWNER_MAP:
        if (!to_host(o->uids, o->uids_n, &uid) || !to_host(o->gids, o->gids_n, &gid))
            return -EPERM;
        return chown_fd(fd, uid, gid);
    default:
        return change_shown(o, fd, type, uid, gid);
    }
}

/* Usually the client asks for what the file has already, that it was made with. */
static void set_group(int dir, int fd, uint32_t gid)
{
    struct stat st;

    if (gid != (uint32_t)setfsgid((gid_t)KEEP) && fstat(dir, &st) == 0 && !(st.st_mode & S_ISGID))
        chown_fd(fd, KEEP, gid);
}

void p9_owner_made(const struct p9_owners *o, int dir, int fd, mode_t type, uint32_t uid, uint32_t gid)
{
    switch (o->kind) {
    case P9_OWNER_SQUASH:
    case P9_OWNER_TRUST:
        return;
    case P9_OWNER_PASS:
        set_group(dir, fd, gid);
        return;
    case P9_OWNER_MAP:
        if (to_host(o->uids, o->uids_n, &uid) && to_host(o->gids, o->gids_n, &gid))
            chown_fd(fd, uid, gid);
        return;
    case P9_OWNER_XATTR:
        if (carries_xattr(o, type) && uid != KEEP)
            record(fd, uid, gid);
        return;
    }
}

/*
 * What this thread has become, for then the next message needs no system call; only what follows changes it.
 * With a kind below PASS it is the server's user, root.
 */
struct identity {
    bool known;
    enum p9_owner_kind kind;
    bool keeps_set_id;
    uint32_t uid, gid;
    size_t n;
    gid_t group[P9_OWNER_GROUPS];
};
static _Thread_local struct identity now;

static bool is_now(const struct identity *i)
{
    return now.known && i->kind == now.kind && i->keeps_set_id == now.keeps_set_id && i->uid == now.uid &&
           i->gid == now.gid && i->n == now.n && memcmp(i->group, now.group, i->n * sizeof(*i->group)) == 0;
}

/* glibc's setgroups is for all threads; the system call is the thread's own. */
static void set_groups(const struct identity *i)
{
    syscall(SYS_setgroups, i->n, i->group);
    setfsgid(i->gid);
}

#define CAP_BIT(cap) (1u << (cap))
#define FILE_CAPS                                                                                  \
    (CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH) |               \
     CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_MKNOD))

/* This thread's capabilities over files; of those, only what it was permitted. */
static void set_file_caps(const struct identity *i)
{
    uint32_t wanted = i->keeps_set_id ? FILE_CAPS : FILE_CAPS & ~CAP_BIT(CAP_FSETID);
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &head, data) < 0)
        return;
    data[0].effective = (data[0].effective & ~FILE_CAPS) | (data[0].permitted & wanted);
    syscall(SYS_capset, &head, data);
}

static struct identity identity_of(const struct p9_owners *o, uint32_t uid, bool changes_data)
{
    struct identity i = {.known = true, .kind = o->kind, .keeps_set_id = !changes_data};

    if (o->kind < P9_OWNER_PASS)
        return i;
    i.uid = uid == KEEP ? NOBODY : uid;
    if (o->kind == P9_OWNER_TRUST)
        return i;
    i.keeps_set_id = false; /* the user's capabilities tell */
    i.gid = i.uid;
    i.n = P9_OWNER_GROUPS;
    if (!o->identify || !o->identify(o->ctx, i.uid, &i.gid, i.group, &i.n))
        i.n = 0;
    return i;
}

/*
 * setfsuid is the thread's own, too.  It takes the capabilities over files from all but root; a user of
 * a trusted client gets them back, less the one that lets set-user-id bits survive a write.
 */
void p9_owner_become(const struct p9_owners *o, uint32_t uid, bool changes_data)
{
    struct identity i;

    if (o->kind < P9_OWNER_PASS && !o->root)
        return;
    i = identity_of(o, uid, changes_data);
    if (is_now(&i))
        return;
    if (i.kind == P9_OWNER_PASS)
        set_groups(&i);
    if (i.kind >= P9_OWNER_PASS || now.kind >= P9_OWNER_PASS)
        setfsuid(i.uid);
    if (i.kind < P9_OWNER_PASS && now.kind >= P9_OWNER_PASS)
        setfsgid(i.gid); /* of another share that this thread has served */
    if (i.kind < P9_OWNER_PASS || (i.kind == P9_OWNER_TRUST && i.uid != 0))
        set_file_caps(&i);
    now = i;
}

void p9_owner_making(const struct p9_owners *o, uint32_t gid)
{
    if (o->kind == P9_OWNER_TRUST)
        setfsgid(gid);
}

bool p9_owner_allows(const struct p9_owners *o, const char *xattr)
{
    if (strncmp(xattr, P9_OWNER_PREFIX, strlen(P9_OWNER_PREFIX)) == 0)
        return false;
    return o->kind >= P9_OWNER_PASS || strncmp(xattr, "user.", strlen("user.")) == 0;
}
