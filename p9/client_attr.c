/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attributes beside the plain ones: extended attributes and byte-range locks. */
#include "p9/client_state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "core/base/auto.h"

/* --- Extended attributes ------------------------------------------------------------------------ */

/* The list holds whole names, none empty, none too long. */
static int check_names(const char *list, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t n = strnlen(list + at, len - at);

        if (n == 0 || n > XATTR_NAME_MAX || at + n == len)
            return -EIO;
        at += n + 1;
    }
    return 0;
}

static ssize_t xattr_read(struct p9_client *c, uint32_t fid, const char *name, void *value,
                          size_t size, size_t cap)
{
    ssize_t got = (ssize_t)size;

    if (size > P9_CLIENT_XATTR)
        return -E2BIG;
    if (cap == 0)
        return got;
    if (size > cap)
        return -ERANGE;
    got = p9_client_read(c, fid, value, size, 0);
    if (got >= 0 && (size_t)got != size)
        return -EIO;
    if (got > 0 && !*name && check_names(value, size) < 0)
        return -EIO;
    return got;
}

ssize_t p9_client_xattr_get(struct p9_client *c, uint32_t fid, const char *name, void *value,
                            size_t cap)
{
    uint32_t attribute = client_fid_new(c);
    struct p9_msg m = {.type = P9_TXATTRWALK, .txattrwalk = {fid, attribute, p9_str_of(name)}};
    struct p9_call call = {0};
    ssize_t rc = client_call(c, &call, &m);

    if (rc < 0) {
        client_fid_failed(c, attribute, (int)rc);
        return rc;
    }
    rc = xattr_read(c, attribute, name, value,
                    call.reply.rxattrwalk.size > SIZE_MAX ? SIZE_MAX : (size_t)call.reply.rxattrwalk.size,
                    cap);
    p9_client_clunk(c, attribute);
    return rc;
}

int64_t p9_client_next_data(struct p9_client *c, uint32_t fid, uint64_t offset)
{
    char name[64], text[32], *end;
    ssize_t len;
    long long at;

    snprintf(name, sizeof(name), P9_DATA_XATTR "%llu", (unsigned long long)offset);
    len = p9_client_xattr_get(c, fid, name, text, sizeof(text) - 1);
    if (len < 0)
        return len;
    text[len] = '\0';
    errno = 0;
    at = strtoll(text, &end, 10);
    return len == 0 || *end || errno || at < 0 ? -EIO : at;
}

/* The value takes effect with the clunk, which says how it went. */
static int xattr_write(struct p9_client *c, uint32_t fid, const void *value, size_t len)
{
    ssize_t n = len > 0 ? p9_client_write(c, fid, value, len, 0) : 0;
    int rc;

    if (n < 0 || (size_t)n < len) {
        p9_client_clunk(c, fid);
        return n < 0 ? (int)n : -EIO;
    }
    rc = client_clunk_now(c, fid);
    return rc;
}

/* Removal is what Linux's client sends for it: no bytes and XATTR_REPLACE. */
int p9_client_xattr_set(struct p9_client *c, uint32_t fid, const char *name, const void *value,
                        size_t len, uint32_t flags)
{
    struct p9_msg m = {.type = P9_TXATTRCREATE,
                       .txattrcreate = {0, p9_str_of(name), len, value ? flags : XATTR_REPLACE}};
    int rc = len > P9_CLIENT_XATTR ? -E2BIG : p9_client_clone(c, fid, &m.txattrcreate.fid);

    if (rc < 0)
        return rc;
    if ((rc = client_simple(c, &m)) == 0)
        return xattr_write(c, m.txattrcreate.fid, value, value ? len : 0);
    p9_client_clunk(c, m.txattrcreate.fid);
    return rc;
}

/* --- Locks --------------------------------------------------------------------------------------- */

int p9_client_lock(struct p9_client *c, const struct p9_lock *lock)
{
    static const int results[] = {
        [P9_LOCK_OK] = 0, [P9_LOCK_BLOCKED] = -EAGAIN, [P9_LOCK_ERROR] = -ENOLCK, [P9_LOCK_GRACE] = -ENOLCK,
    };
    struct p9_msg m = {.type = P9_TLOCK, .tlock = *lock};
    struct p9_call call = {0};
    int rc = client_call(c, &call, &m);

    if (rc < 0)
        return rc;
    return call.reply.rlock.status < ARRAY_SIZE(results) ? results[call.reply.rlock.status] : -EIO;
}

int p9_client_getlock(struct p9_client *c, struct p9_lock *lock)
{
    struct p9_msg m = {.type = P9_TGETLOCK, .tlock = *lock};
    char text[256];
    struct p9_call call = {.text = {text, sizeof(text)}};
    int rc = client_call(c, &call, &m);

    if (rc < 0)
        return rc;
    *lock = call.reply.tlock;
    lock->client_id = (struct p9_str){"", 0};
    return lock->kind > P9_LOCK_NONE || lock->start > INT64_MAX || lock->length > INT64_MAX ? -EIO : 0;
}
