/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The setting `shares`: host folders in a distro, as text in one line.
 *
 *     HOST:GUEST[,ro][,cache=MODE][,map=KIND] ; HOST:GUEST... ;         "none": no shares
 *
 * HOST is absolute, or ~ and what is below it; GUEST is absolute.  A backslash before ',', ':', ';' or
 * '\' makes it part of a path.  In a libconfig file a list of such texts, or of groups { host = "~";
 * guest = "/mnt/host"; mode = "rw"; cache = "none"; map = "squash"; }, is the same.
 *
 * cache=MODE is how the guest's kernel keeps what it has read; what others do to the same files
 * (the host's programs, another distro) is seen
 *
 *   none       at once, by every call: nothing is kept.  Writes reach the host's file before write
 *              returns.  Memory maps that are shared and writable are refused (EINVAL: sqlite in WAL
 *              mode and some compilers want them).
 *   mmap       at once for names, sizes and reads by call; only pages mapped are kept, and written at
 *              msync, munmap or the last close: two sides that map one file do not see each other.
 *   readahead  at the next open of a file: pages read are kept and read ahead while it is open.  Writes go
 *              through.  (Linux 6.4 and later; without it the share has none.)
 *   loose      perhaps never: names, attributes and pages are kept as if nobody else had the files, and
 *              writes reach the host late, by fsync, close or memory pressure.  For folders
 *              that one distro alone uses; fast.
 *
 * Locks (fcntl, flock) are the host's and hold between all sides in every mode; who waits for one that
 * another side holds gets it within a second of its end.
 *
 * map=KIND is whose the files are.  On the host they are always the user's who runs lxtop.
 *
 *   squash[:UID:GID]  in the guest all are one user's: 0:0, the distro's shell's, unless given.
 *   xattr[:UID:GID]   the same, but owners that the guest sets are kept, in an attribute
 *                     (user.lxtop.*) of the host's file: for builds of packages and images.
 *   fixed[:UID:GID]   the user's own files are UID:GID's in the guest, those of the host's other users are
 *                     nobody's (65534), so that what the guest shows is what it may do.
 */
#ifndef CONFIG_SHARE_H
#define CONFIG_SHARE_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define SHARES_MAX 5        /* of a distro: a machine has no interrupts for more */
#define SHARE_GUEST_MAX 255 /* bytes; the kernel's command line takes them all */

enum share_cache { SHARE_CACHE_NONE, SHARE_CACHE_MMAP, SHARE_CACHE_READAHEAD, SHARE_CACHE_LOOSE };
enum share_map { SHARE_MAP_SQUASH, SHARE_MAP_XATTR, SHARE_MAP_FIXED };

struct share {
    char *host, *guest; /* owned; host as it was given, with its ~ */
    bool read_only;
    enum share_cache cache;
    enum share_map map;
    uint32_t uid, gid;
};
struct shares {
    struct share share[SHARES_MAX];
    unsigned n;
};

/* -EINVAL with which share is wrong and why; `s` is then empty. */
int shares_parse(const char *text, struct shares *s, struct err *e);
void shares_release(struct shares *s);

/* The host's folder with ~ replaced by `home`; the caller frees. */
char *share_host_folder(const struct share *s, const char *home);
const char *share_cache_name(enum share_cache c); /* as mount's cache= */
const char *share_map_name(enum share_map m);

/* A path with a backslash before what would end it in the text; the caller frees. */
char *share_escape(const char *path);

#endif
