/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P2000.L codec: one table row a message names its fields, and drives encode and decode alike.
 *
 *     size[4] type[1] tag[2] fields...        all little-endian; a string is len[2] and its bytes
 *
 * The payload of Twrite, Rread, Rreaddir and Rlist is not part of a struct p9_msg: its `count` is the last
 * field, and the bytes follow the encoded head wherever the caller has them (guest memory, a socket
 * buffer).  So no payload is copied here.
 *
 * Decoded strings borrow from the decoded bytes and have no NUL after them; p9_str_text makes C
 * strings of them.  The codec knows nothing of files and does no I/O.
 */
#ifndef P9_MSG_H
#define P9_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define P9_VERSION "9P2000.L"
/*
 * Our own dialect: 9P2000.L and a few messages more, each of which does what else takes several round trips.
 *     Tlookup fid newfid name      newfid becomes what `name` in fid is ("": fid itself); Rlookup is as Rgetattr
 *     Treopen fid newfid flags     newfid becomes a second fid of the same file, open; Rreopen is as Rlopen
 *     Tmake fid newfid open name flags mode gid    as Tlcreate in fid, but it is `open` that is the open file, and
 *                                  newfid a second fid of it; Rmake is as Rgetattr
 *     Tlist fid offset count       as Treaddir, but behind each entry of Rlist are the fields of Rgetattr, all 0 where
 *                                  they cannot be told so (".", "..", mount points): no fid a file, and no message
 *     Topen fid newfid open name flags    as Tlookup, and `open` becomes a second fid of the file, open; Ropen is as
 *                                  Rgetattr
 * None makes a fid when it fails.  A client asks for it by this version; a server that knows only 9P2000.L
 * answers with that, or with "unknown", and is then asked for 9P2000.L.  Its number changes with its messages: a
 * distro that was suspended has the server that it had.
 */
#define P9_VERSION_OWN P9_VERSION ".lxtop2"
#define P9_NOTAG 0xffffu
#define P9_NOFID 0xffffffffu
#define P9_NOUID 0xffffffffu
#define P9_HEADER 7u       /* size, type, tag */
#define P9_WALK_MAX 16u    /* names in one Twalk */
#define P9_MSIZE_MIN 4096u
#define P9_RLERROR_SIZE 11u
#define P9_READ_HEAD 11u   /* what comes before the payload of Rread, Rreaddir and Rlist */
#define P9_WRITE_HEAD 23u  /* what comes before the payload of Twrite */
/* The longest head that is taken: Tsymlink and Twalk of the longest names fit with room to spare. */
#define P9_HEAD_MAX 12288u

enum p9_type {
    P9_TLERROR = 6, P9_RLERROR,
    P9_TSTATFS = 8, P9_RSTATFS,
    P9_TLOPEN = 12, P9_RLOPEN,
    P9_TLCREATE = 14, P9_RLCREATE,
    P9_TSYMLINK = 16, P9_RSYMLINK,
    P9_TMKNOD = 18, P9_RMKNOD,
    P9_TRENAME = 20, P9_RRENAME,
    P9_TREADLINK = 22, P9_RREADLINK,
    P9_TGETATTR = 24, P9_RGETATTR,
    P9_TSETATTR = 26, P9_RSETATTR,
    P9_TXATTRWALK = 30, P9_RXATTRWALK,
    P9_TXATTRCREATE = 32, P9_RXATTRCREATE,
    P9_TREADDIR = 40, P9_RREADDIR,
    P9_TFSYNC = 50, P9_RFSYNC,
    P9_TLOCK = 52, P9_RLOCK,
    P9_TGETLOCK = 54, P9_RGETLOCK,
    P9_TLINK = 70, P9_RLINK,
    P9_TMKDIR = 72, P9_RMKDIR,
    P9_TRENAMEAT = 74, P9_RRENAMEAT,
    P9_TUNLINKAT = 76, P9_RUNLINKAT,
    P9_TVERSION = 100, P9_RVERSION,
    P9_TAUTH = 102, P9_RAUTH,
    P9_TATTACH = 104, P9_RATTACH,
    P9_TFLUSH = 108, P9_RFLUSH,
    P9_TWALK = 110, P9_RWALK,
    P9_TREAD = 116, P9_RREAD,
    P9_TWRITE = 118, P9_RWRITE,
    P9_TCLUNK = 120, P9_RCLUNK,
    P9_TREMOVE = 122, P9_RREMOVE,
    P9_TLOOKUP = 128, P9_RLOOKUP, /* of our own dialect, as the next */
    P9_TREOPEN = 130, P9_RREOPEN,
    P9_TMAKE = 132, P9_RMAKE,
    P9_TLIST = 134, P9_RLIST,
    P9_TOPEN = 136, P9_ROPEN,
    P9_TYPES = 138, /* every type is below */
};

/* Flags of Tlopen and Tlcreate: x86's open(2) numbers, on every architecture. */
enum {
    P9_O_ACCMODE = 03, P9_O_WRONLY = 01, P9_O_RDWR = 02,
    P9_O_CREAT = 0100, P9_O_EXCL = 0200, P9_O_TRUNC = 01000, P9_O_APPEND = 02000,
    P9_O_DSYNC = 010000, P9_O_DIRECTORY = 0200000, P9_O_SYNC = 04000000,
};

enum { P9_QID_FILE = 0, P9_QID_LINK = 0x02, P9_QID_DIR = 0x80 };

/* Tgetattr and Rgetattr masks. */
#define P9_GETATTR_BASIC 0x7ffu
#define P9_GETATTR_BTIME 0x800u

/* Tsetattr `valid`. */
enum {
    P9_SET_MODE = 0x1, P9_SET_UID = 0x2, P9_SET_GID = 0x4, P9_SET_SIZE = 0x8,
    P9_SET_ATIME = 0x10, P9_SET_MTIME = 0x20, P9_SET_CTIME = 0x40,
    P9_SET_ATIME_TO = 0x80, P9_SET_MTIME_TO = 0x100, /* to the value given, not to now */
};

enum { P9_LOCK_READ, P9_LOCK_WRITE, P9_LOCK_NONE };            /* Tlock `kind` */
enum { P9_LOCK_BLOCK = 1, P9_LOCK_RECLAIM = 2 };               /* Tlock `flags` */
enum { P9_LOCK_OK, P9_LOCK_BLOCKED, P9_LOCK_ERROR, P9_LOCK_GRACE }; /* Rlock `status` */

#define P9_UNLINK_DIR 0x200u /* Tunlinkat: AT_REMOVEDIR */

struct p9_qid {
    uint8_t type;
    uint32_t version;
    uint64_t path;
};

static inline bool p9_qid_is(const struct p9_qid *a, const struct p9_qid *b)
{
    return a->path == b->path && a->version == b->version && a->type == b->type;
}

struct p9_str {
    const char *s; /* borrowed, no NUL after it */
    uint16_t len;
};

struct p9_time {
    uint64_t sec, nsec;
};

struct p9_attr {
    uint64_t valid;
    struct p9_qid qid;
    uint32_t mode, uid, gid;
    uint64_t nlink, rdev, size, blksize, blocks; /* blocks of 512 bytes */
    struct p9_time atime, mtime, ctime, btime;
    uint64_t gen, data_version;
};

struct p9_setattr {
    uint32_t fid, valid, mode, uid, gid;
    uint64_t size;
    struct p9_time atime, mtime;
};

struct p9_statfs {
    uint32_t type, bsize;
    uint64_t blocks, bfree, bavail, files, ffree, fsid;
    uint32_t namelen;
};

struct p9_lock {
    uint32_t fid;
    uint8_t kind;
    uint32_t flags;
    uint64_t start, length; /* length 0: to the end of the file */
    uint32_t proc_id;
    struct p9_str client_id;
};

struct p9_msg {
    uint8_t type;
    uint16_t tag;
    union {
        uint32_t fid; /* the first field of every T-message but version, auth and flush */
        struct { uint32_t ecode; } rlerror;
        struct { uint32_t msize; struct p9_str version; } version;
        struct { uint32_t afid; struct p9_str uname, aname; uint32_t n_uname; } tauth;
        struct { uint32_t fid, afid; struct p9_str uname, aname; uint32_t n_uname; } tattach;
        struct { uint16_t oldtag; } tflush;
        struct { uint32_t fid, newfid; uint16_t n; struct p9_str name[P9_WALK_MAX]; } twalk;
        struct { uint16_t n; struct p9_qid qid[P9_WALK_MAX]; } rwalk;
        struct { uint32_t fid, flags; } tlopen;
        struct { uint32_t fid; struct p9_str name; uint32_t flags, mode, gid; } tlcreate;
        struct { uint32_t fid, newfid; struct p9_str name; } tlookup;
        struct { uint32_t fid, newfid, flags; } treopen;
        struct { uint32_t fid, newfid, open; struct p9_str name; uint32_t flags, mode, gid; } tmake; /* and Topen */
        struct { struct p9_qid qid; uint32_t iounit; } ropen; /* Rlopen, Rlcreate, Rreopen */
        struct { struct p9_qid qid; } rqid; /* Rattach, Rauth, Rsymlink, Rmknod, Rmkdir */
        struct { uint32_t fid; struct p9_str name, target; uint32_t gid; } tsymlink;
        struct { uint32_t fid; struct p9_str name; uint32_t mode, major, minor, gid; } tmknod;
        struct { uint32_t fid; struct p9_str name; uint32_t mode, gid; } tmkdir;
        struct { uint32_t fid, dfid; struct p9_str name; } trename;
        struct { uint32_t dfid; struct p9_str old; uint32_t newdfid; struct p9_str name; } trenameat;
        struct { uint32_t dfid; struct p9_str name; uint32_t flags; } tunlinkat;
        struct { uint32_t dfid, fid; struct p9_str name; } tlink;
        struct { struct p9_str target; } rreadlink;
        struct { uint32_t fid; uint64_t mask; } tgetattr;
        struct p9_attr rgetattr; /* and Rlookup, Rmake, Ropen */
        struct p9_setattr tsetattr;
        struct p9_statfs rstatfs;
        struct { uint32_t fid, newfid; struct p9_str name; } txattrwalk;
        struct { uint64_t size; } rxattrwalk;
        struct { uint32_t fid; struct p9_str name; uint64_t size; uint32_t flags; } txattrcreate;
        struct { uint32_t fid; uint64_t offset; uint32_t count; } io; /* Tread, Twrite, Treaddir, Tlist */
        struct { uint32_t count; } rio; /* Rread, Rwrite, Rreaddir, Rlist */
        struct { uint32_t fid, datasync; } tfsync;
        struct p9_lock tlock; /* and Tgetlock, Rgetlock, which have no fid or flags on the wire */
        struct { uint8_t status; } rlock;
    };
};

/* "Tlopen"; NULL for a type that 9P2000.L does not have. */
const char *p9_msg_name(uint8_t type);
/* Does a payload of `count` bytes follow the head? */
bool p9_msg_has_payload(uint8_t type);

/*
 * Decodes the head of a message of `total` bytes, `len` of which are at `bytes` (all, unless a payload
 * follows).  Returns the length of the head, -EBADMSG when anything is missing, left over or not as
 * the size field says, -EOPNOTSUPP for an unknown type.  `type` and `tag` are set whenever `len` is at
 * least P9_HEADER.
 */
int p9_msg_decode(struct p9_msg *m, const void *bytes, size_t len, size_t total);

/*
 * Encodes the head into `bytes`; the size field counts the payload too.  Returns the head's length,
 * -EMSGSIZE when there is no room, -EINVAL for an unknown type or more than P9_WALK_MAX names.
 */
int p9_msg_encode(const struct p9_msg *m, void *bytes, size_t cap);

/* Copies with a NUL: 0, -ENAMETOOLONG when it does not fit, -EINVAL when it holds a NUL. */
int p9_str_text(const struct p9_str *s, char *to, size_t cap);
struct p9_str p9_str_of(const char *text);

/* One entry of a folder. */
struct p9_dirent {
    struct p9_qid qid;
    uint64_t next; /* offset to go on behind it */
    uint8_t type;  /* DT_ */
    struct p9_str name;
    struct p9_attr attr; /* Rlist; `valid` 0: not told */
};
#define P9_ATTR_SIZE 153u /* Rgetattr's fields */

/* One entry of the payload of Rreaddir or, with `attrs`, Rlist: whole, or 0 when it does not fit. */
size_t p9_dirent_encode(const struct p9_dirent *d, bool attrs, void *bytes, size_t cap);
/* Its length, 0 when it is not whole; the name borrows from `bytes`. */
size_t p9_dirent_decode(struct p9_dirent *d, bool attrs, const void *bytes, size_t len);

#endif
