/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P client against answers that are the input: the greeting is honest, then every call gets what
 * comes next.  Each ends with a result that its interface allows, and nothing is left at the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "p9/path.h"

#define MSIZE 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t greet(uint8_t *out, size_t cap)
{
    struct p9_msg version = {.type = P9_RVERSION, .tag = P9_NOTAG, .version = {MSIZE, p9_str_of(P9_VERSION)}};
    struct p9_msg attach = {.type = P9_RATTACH, .tag = 1, .rqid = {{P9_QID_DIR, 1, 1}}};
    int n = p9_msg_encode(&version, out, cap);

    return (size_t)n + (size_t)p9_msg_encode(&attach, out + n, cap - (size_t)n);
}

/* Answers that are right but for their tags, which the input cannot guess: a byte of it says which. */
static void check_names(struct p9_client *c)
{
    struct p9_listing l = {0};
    struct p9_entry entry = {0};

    if (p9_client_list(c, 0, 0, &l) > 0)
        while (p9_listing_next(&l, &entry))
            if (!entry.name[0] || strchr(entry.name, '/'))
                abort();
    p9_listing_release(&l);
}

static void check_attr(struct p9_client *c)
{
    struct p9_attr attr;

    if (p9_client_getattr(c, 0, &attr) == 0 && (!(attr.mode & S_IFMT) || attr.size > INT64_MAX))
        abort();
}

static void check_io(struct p9_client *c)
{
    char bytes[100], target[P9_CLIENT_TEXT];
    struct p9_lock lock = {.client_id = p9_str_of("x")};

    if (p9_client_read(c, 0, bytes, sizeof(bytes), 0) > (ssize_t)sizeof(bytes) ||
        p9_client_write(c, 0, bytes, sizeof(bytes), 0) > (ssize_t)sizeof(bytes))
        abort();
    if (p9_client_readlink(c, 0, target) == 0 && (!target[0] || strlen(target) >= sizeof(target)))
        abort();
    if (p9_client_xattr_get(c, 0, "", bytes, sizeof(bytes)) > (ssize_t)sizeof(bytes))
        abort();
    p9_client_getlock(c, &lock);
    p9_client_lock(c, &lock);
}

static void check_paths(struct p9_client *c)
{
    struct p9_attr attr;
    uint32_t fid;

    if (p9_path_find(c, "a/../b/c", true, &fid, &attr) == 0)
        p9_client_clunk(c, fid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(struct p9_client *) = {check_names, check_attr, check_io, check_paths};
    struct p9_client_config config = {.msize = MSIZE, .timeout_ms = 1000, .grace_ms = 1000};
    struct p9_client *c;
    uint8_t hello[128];
    size_t n = greet(hello, sizeof(hello));
    int pair[2];

    if (size < 1 || size > 32768 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return 0;
    if (send(pair[1], hello, n, MSG_NOSIGNAL) != (ssize_t)n ||
        send(pair[1], data + 1, size - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        abort();
    shutdown(pair[1], SHUT_WR);
    c = p9_client_new(pair[0], &config, NULL);
    for (unsigned i = 0; c && i < 4; i++)
        checks[(data[0] + i) % 4](c);
    p9_client_free(c);
    close(pair[1]);
    return 0;
}
