/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P client against answers that are the input: a list of flags[1] length[1] bytes, one an answer.
 * The greeting is honest, and of our own dialect where the first byte says so; then every request gets the next, with its tag, type and size put right
 * unless the flags say otherwise.  Each call ends with a result that its interface allows, and nothing
 * is left at the end.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "p9/path.h"

#define MSIZE 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEEP_SIZE = 1, KEEP_TAG = 2, KEEP_TYPE = 4 };

struct server {
    int fd;
    const uint8_t *data;
    size_t size;
    bool own;
};

static bool greet(struct server *s, const struct p9_msg *t)
{
    struct p9_msg r = {.type = (uint8_t)(t->type + 1), .tag = t->tag};
    uint8_t out[64];
    int n;

    if (t->type == P9_TVERSION)
        r.version.msize = MSIZE, r.version.version = p9_str_of(s->own ? P9_VERSION_OWN : P9_VERSION);
    else if (t->type == P9_TATTACH)
        r.rqid.qid.type = P9_QID_DIR;
    else
        return false;
    n = p9_msg_encode(&r, out, sizeof(out));
    return send(s->fd, out, (size_t)n, MSG_NOSIGNAL) == n;
}

/* False at the end of the input. */
static bool lie(struct server *s, const struct p9_msg *t)
{
    uint8_t out[P9_HEADER + 255] = {0};
    uint32_t len;

    if (s->size < 2)
        return false;
    len = s->data[1] < s->size - 2 ? s->data[1] : (uint32_t)(s->size - 2);
    memcpy(out, s->data + 2, len);
    if (len < P9_HEADER)
        len = P9_HEADER;
    if (!(s->data[0] & KEEP_SIZE))
        memcpy(out, &len, 4);
    if (!(s->data[0] & KEEP_TAG))
        memcpy(out + 5, &t->tag, 2);
    if (!(s->data[0] & KEEP_TYPE))
        out[4] = (uint8_t)(t->type + 1);
    len = (uint32_t)send(s->fd, out, len, MSG_NOSIGNAL);
    s->size -= s->data[1] < s->size - 2 ? s->data[1] + 2u : s->size;
    s->data += s->size > 0 ? s->data[1] + 2u : 0;
    return true;
}

static void *serve(void *arg)
{
    struct server *s = arg;
    uint8_t in[MSIZE];
    struct p9_msg t;
    uint32_t size;

    while (recv(s->fd, in, 4, MSG_WAITALL) == 4) {
        memcpy(&size, in, 4);
        if (recv(s->fd, in + 4, size - 4, MSG_WAITALL) < 0 || p9_msg_decode(&t, in, size, size) < 0)
            abort(); /* What the client sends is right, whatever it is told. */
        if (!greet(s, &t) && !lie(s, &t))
            break;
    }
    shutdown(s->fd, SHUT_RDWR);
    return NULL;
}

static void check_entries(struct p9_listing *l)
{
    struct p9_entry entry = {0};

    while (p9_listing_next(l, &entry))
        if (!entry.name[0] || strchr(entry.name, '/') || (entry.attr.valid && entry.attr.size > INT64_MAX))
            abort();
}

static void check_names(struct p9_client *c)
{
    struct p9_listing l = {0};

    if (p9_client_list(c, 0, 0, &l) > 0)
        check_entries(&l);
    if (p9_client_list_attrs(c, 0, 0, 4096, &l) > 0)
        check_entries(&l);
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
    struct p9_client_config config = {.msize = MSIZE, .timeout_ms = 20, .grace_ms = 20};
    struct p9_client *c;
    struct server s;
    pthread_t thread;
    int pair[2];

    if (size < 1 || size > 32768 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return 0;
    s = (struct server){pair[1], data + 1, size - 1, data[0] & 0x80};
    if (pthread_create(&thread, NULL, serve, &s) != 0)
        abort();
    c = p9_client_new(pair[0], &config, NULL);
    for (unsigned i = 0; c && i < 4; i++)
        checks[(data[0] + i) % 4](c);
    p9_client_free(c);
    pthread_join(thread, NULL);
    close(pair[1]);
    return 0;
}
