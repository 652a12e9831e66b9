/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/ctl_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/forward.h"
#include "vmm/ctl.h"
#include "vmm/loop.h"
#include "vmm/outbuf.h"
#include "vmm/vm.h"

#define CLIENTS_MAX 32
#define BACKLOG_MAX (1024 * 1024)

struct client {
    struct client *next;
    struct ctl_server *server;
    struct loop_watch watch;
    int fd;
    char *line; /* CTL_LINE_MAX bytes, made at the first input */
    size_t len;
    struct outbuf out;
    bool waiting; /* for the reply to its last request */
    bool events, dead, handed_over; /* handed_over: the descriptor now belongs to the console */
};

struct ctl_server {
    struct loop *loop;
    struct vm *vm;
    struct loop_watch watch;
    int fd;
    char *path;
    struct client *clients;
    unsigned nclients;
    struct client *snapshot; /* waits for one; NULL: it has gone meanwhile, or there is none */
};
#define REPLY_LATER 1

static void client_free(struct client *c)
{
    if (c->server->snapshot == c)
        c->server->snapshot = NULL;
    loop_remove(c->server->loop, &c->watch);
    if (!c->handed_over)
        close(c->fd);
    outbuf_release(&c->out);
    free(c->line);
    free(c);
}

static void bury_dead(struct ctl_server *s)
{
    for (struct client **at = &s->clients; *at;) {
        struct client *c = *at;

        if (c->dead || c->handed_over) {
            *at = c->next;
            s->nclients--;
            client_free(c);
        } else {
            at = &c->next;
        }
    }
}

static void client_send(struct client *c, const json_t *object)
{
    auto_free char *text = json_dumps(object, JSON_COMPACT);

    if (!text || !outbuf_add(&c->out, text, strlen(text), BACKLOG_MAX) ||
        !outbuf_add(&c->out, "\n", 1, BACKLOG_MAX) || !outbuf_flush(&c->out, c->fd))
        c->dead = true;
    if (!c->dead && !c->handed_over)
        loop_modify(c->server->loop, &c->watch, EPOLLIN | (c->out.len ? (uint32_t)EPOLLOUT : 0));
}

/* --- the commands --- */

typedef int command_fn(struct client *c, const json_t *request, json_t *reply, struct err *e);

static int do_status(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    json_t *status = vm_status(c->server->vm);

    (void)request;
    (void)e;
    json_object_update(reply, status);
    json_decref(status);
    return 0;
}

static int do_stats(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    json_t *stats = vm_stats(c->server->vm, e);

    (void)request;
    if (!stats)
        return -EIO;
    json_object_update(reply, stats);
    json_decref(stats);
    return 0;
}

static int do_pause(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    (void)request;
    (void)reply;
    (void)e;
    vm_pause(c->server->vm);
    return 0;
}

static int do_resume(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    (void)request;
    (void)reply;
    (void)e;
    vm_resume(c->server->vm);
    return 0;
}

static int do_stop(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    const json_t *deadline = json_object_get(request, "deadline_ms");
    json_int_t ms = deadline ? json_integer_value(deadline) : CTL_STOP_DEADLINE_MS;

    (void)reply;
    if (ms < 0 || ms > 3600 * 1000 || (deadline && !json_is_integer(deadline)))
        return err_set(e, EINVAL, "deadline_ms: give 0 to 3600000");
    vm_stop(c->server->vm, json_is_true(json_object_get(request, "force")), (int)ms);
    return 0;
}

static int do_resize(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    json_int_t rows = json_integer_value(json_object_get(request, "rows"));
    json_int_t cols = json_integer_value(json_object_get(request, "cols"));

    (void)reply;
    if (rows < 1 || rows > UINT16_MAX || cols < 1 || cols > UINT16_MAX)
        return err_set(e, EINVAL, "rows and cols: give 1 to 65535 each");
    vm_resize(c->server->vm, (unsigned)rows, (unsigned)cols);
    return 0;
}

static int do_console(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    (void)request;
    (void)reply;
    (void)e;
    c->handed_over = true; /* the console takes the descriptor once the reply is out */
    return 0;
}

static int do_forward(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    const json_t *add = json_object_get(request, "add"), *gone = json_object_get(request, "remove");
    const char *text = json_string_value(add ? add : gone);
    struct forward f;
    json_t *all;
    int r = 0;

    if ((add || gone) && (!text || (add && gone)))
        return err_set(e, EINVAL, "give one text: add or remove");
    if (text)
        r = forward_parse(text, &f, e);
    if (r == 0 && text)
        r = vm_forward(c->server->vm, &f, add != NULL, e);
    if (r < 0)
        return r;
    all = vm_forwards(c->server->vm);
    json_object_update(reply, all);
    json_decref(all);
    return 0;
}

static int do_save(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    const char *path = json_string_value(json_object_get(request, "path"));
    const char *then = json_string_value(json_object_get(request, "then"));

    if (!path || *path != '/')
        return err_set(e, EINVAL, "path: give the absolute path of a folder that is not there yet");
    if (!then || (strcmp(then, "resume") != 0 && strcmp(then, "end") != 0))
        return err_set(e, EINVAL, "then: give resume or end");
    return vm_save(c->server->vm, path, strcmp(then, "end") == 0, reply, e);
}

static void on_snapshot(void *ctx, const struct vm_snapshot_result *result, const struct err *e);

static int do_snapshot(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    struct vm_snapshot_order o = {.disk = json_string_value(json_object_get(request, "disk")),
                                  .from = json_string_value(json_object_get(request, "from")),
                                  .to = json_string_value(json_object_get(request, "to")),
                                  .memory = json_string_value(json_object_get(request, "memory"))};
    int r;

    (void)reply;
    if (!o.disk || !o.from || !o.to)
        return err_set(e, EINVAL, "give three texts: disk, from and to");
    if (o.memory && *o.memory != '/')
        return err_set(e, EINVAL, "memory: give the absolute path of a folder that is not there yet");
    if (c->server->snapshot)
        return err_set(e, EBUSY, "a snapshot is being taken already");
    c->server->snapshot = c;
    r = vm_snapshot(c->server->vm, &o, on_snapshot, c->server, e);
    if (r < 0)
        c->server->snapshot = NULL;
    c->waiting = c->server->snapshot == c; /* or it has been answered already */
    return r < 0 ? r : REPLY_LATER;
}

static int do_idle(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    const json_t *ms = json_object_get(request, "timeout_ms");

    (void)reply;
    if (!json_is_integer(ms) || json_integer_value(ms) < 0)
        return err_set(e, EINVAL, "timeout_ms: give milliseconds, 0 for never");
    vm_set_idle(c->server->vm, json_integer_value(ms));
    return 0;
}

static int do_use(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    (void)request;
    (void)reply;
    return vm_use(c->server->vm, e);
}

static int do_events(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    (void)request;
    (void)reply;
    (void)e;
    c->events = true;
    return 0;
}

static const struct {
    const char *name;
    command_fn *fn;
} commands[] = {
    {"status", do_status}, {"stats", do_stats},   {"pause", do_pause},     {"resume", do_resume},
    {"stop", do_stop},     {"resize", do_resize}, {"console", do_console}, {"events", do_events},
    {"forward", do_forward}, {"save", do_save}, {"snapshot", do_snapshot},
    {"idle", do_idle},       {"use", do_use},
};

static int run_command(struct client *c, const json_t *request, json_t *reply, struct err *e)
{
    const char *name = json_string_value(json_object_get(request, "cmd"));

    if (!name)
        return err_set(e, EINVAL, "a request is a JSON object with \"cmd\"");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].fn(c, request, reply, e);
    return err_set(e, EINVAL, "unknown command");
}

static void hand_over(struct client *c)
{
    struct err e;

    loop_remove(c->server->loop, &c->watch);
    /* With replies still waiting the console's bytes would come amid one of them, and the rest never. */
    if (c->out.len || vm_add_viewer(c->server->vm, c->fd, c->line, c->len, &e) < 0)
        c->handed_over = false, c->dead = true;
}

static void answer(struct client *c, json_t *reply, int r, const struct err *e)
{
    json_object_set_new(reply, "ok", json_boolean(r == 0));
    if (r < 0)
        json_object_set_new(reply, "error", json_string(e->msg));
    client_send(c, reply);
}

static void handle_line(struct client *c, const char *line, size_t len)
{
    struct err e = {0};
    json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    json_t *reply = json_object();
    int r = run_command(c, request, reply, &e);

    if (r != REPLY_LATER)
        answer(c, reply, r, &e);
    json_decref(reply);
    json_decref(request);
}

static void handle_lines(struct client *c)
{
    char *end;

    while (!c->dead && !c->handed_over && !c->waiting && (end = memchr(c->line, '\n', c->len))) {
        size_t used = (size_t)(end - c->line) + 1;

        handle_line(c, c->line, used - 1);
        c->len -= used;
        memmove(c->line, c->line + used, c->len);
    }
    if (c->handed_over && !c->dead)
        hand_over(c); /* with what was typed behind the request */
    else if (c->len == CTL_LINE_MAX)
        c->dead = true; /* a line too long */
}

static void on_snapshot(void *ctx, const struct vm_snapshot_result *result, const struct err *e)
{
    struct ctl_server *s = ctx;
    struct client *c = s->snapshot;
    json_t *reply = json_pack("{sb}", "frozen", result->frozen);

    if (result->pause_us)
        json_object_update_new(reply, json_pack("{sI sI ss*}", "pause_us", (json_int_t)result->pause_us,
                                                "memory_bytes", (json_int_t)result->memory_bytes, "memory_error",
                                                result->memory.code ? result->memory.msg : NULL));
    s->snapshot = NULL;
    if (c)
        answer(c, reply, -e->code, e);
    if (c && c->waiting) {
        c->waiting = false;
        handle_lines(c); /* what has come meanwhile */
    }
    json_decref(reply);
}

static void client_read(struct client *c)
{
    ssize_t n;

    if (!c->line && !(c->line = malloc(CTL_LINE_MAX))) {
        c->dead = true;
        return;
    }
    n = recv(c->fd, c->line + c->len, CTL_LINE_MAX - c->len, MSG_DONTWAIT);
    if (n > 0) {
        c->len += (size_t)n;
        handle_lines(c);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        c->dead = true;
    }
}

static void on_client(void *ctx, uint32_t events)
{
    struct client *c = ctx;
    struct ctl_server *s = c->server;

    if ((events & EPOLLOUT) && !outbuf_flush(&c->out, c->fd))
        c->dead = true;
    if (!c->dead && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        client_read(c);
    if (!c->dead && !c->handed_over)
        loop_modify(s->loop, &c->watch, EPOLLIN | (c->out.len ? (uint32_t)EPOLLOUT : 0));
    bury_dead(s);
}

static void on_connect(void *ctx, uint32_t events)
{
    struct ctl_server *s = ctx;
    int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
    struct client *c = fd >= 0 && s->nclients < CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;

    (void)events;
    if (!c || loop_add(s->loop, &c->watch, fd, EPOLLIN, on_client, c, NULL) < 0) {
        free(c);
        if (fd >= 0)
            close(fd);
        return;
    }
    c->server = s;
    c->fd = fd;
    c->next = s->clients;
    s->clients = c;
    s->nclients++;
}

static int listen_at(struct ctl_server *s, const char *path, struct err *e)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(at.sun_path))
        return err_set(e, ENAMETOOLONG, "control socket %s: a socket's path has at most %zu bytes; "
                       "set XDG_RUNTIME_DIR to a shorter one", path, sizeof(at.sun_path) - 1);
    memcpy(at.sun_path, path, strlen(path));
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0)
        return err_sys(e, errno, "control socket");
    unlink(path); /* who holds the machine's lock owns the name */
    if (bind(s->fd, (struct sockaddr *)&at, sizeof(at)) < 0 || chmod(path, 0600) < 0 ||
        listen(s->fd, CLIENTS_MAX) < 0)
        return err_sys(e, errno, "control socket %s", path);
    return loop_add(s->loop, &s->watch, s->fd, EPOLLIN, on_connect, s, e);
}

struct ctl_server *ctl_server_new(struct loop *loop, struct vm *vm, const char *path, struct err *e)
{
    struct ctl_server *s = calloc(1, sizeof(*s));

    if (!s) {
        err_sys(e, ENOMEM, "control socket");
        return NULL;
    }
    *s = (struct ctl_server){.loop = loop, .vm = vm, .fd = -1, .watch.fd = -1, .path = strdup(path)};
    if (listen_at(s, path, e) < 0) {
        ctl_server_free(s);
        return NULL;
    }
    return s;
}

void ctl_server_free(struct ctl_server *s)
{
    if (!s)
        return;
    for (struct client *c = s->clients, *next; c; c = next) {
        next = c->next;
        client_free(c);
    }
    loop_remove(s->loop, &s->watch);
    if (s->fd >= 0) {
        close(s->fd);
        unlink(s->path);
    }
    free(s->path);
    free(s);
}

void ctl_server_event(struct ctl_server *s, json_t *event)
{
    for (struct client *c = s ? s->clients : NULL; c; c = c->next)
        if (c->events && !c->dead)
            client_send(c, event);
    json_decref(event);
}
