/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/core.h"
#include "core/machine.h"
#include "core/plain.h"

#define LOOK_MS 500

struct follow {
    struct core *core;
    uv_timer_t timer;
    uv_work_t work;
    char distro[NAME_MAX_LEN + 1];
    bool vmm, working, stopped, closed;
    char *path;
    struct stat seen; /* of the file as it was read last */
    /* What the thread leaves: */
    bool changed;
    char *text; /* plain, with newlines */
    struct err err;
};

static void follow_free(struct follow *f)
{
    free(f->text);
    free(f->path);
    free(f);
}

/* --- on the thread --- */

/* CR LF is one end of a line, and half a line at the beginning is none. */
static char *make_plain(char *bytes, size_t len, bool cut)
{
    char *from = cut ? memchr(bytes, '\n', len) : NULL, *plain;
    size_t n = 0, skipped = from ? (size_t)(from + 1 - bytes) : 0;

    for (size_t i = skipped; i < len; i++)
        if (bytes[i] != '\r')
            bytes[n++] = bytes[i];
    plain = malloc(n + 1);
    if (plain)
        plain_copy(plain, n + 1, bytes, n, true);
    return plain;
}

static int read_end(struct follow *f, int fd, off_t size)
{
    off_t at = size > (off_t)FOLLOW_KEPT ? size - (off_t)FOLLOW_KEPT : 0;
    auto_free char *bytes = malloc(FOLLOW_KEPT);
    ssize_t n = bytes ? pread(fd, bytes, FOLLOW_KEPT, at) : -1;

    if (n < 0)
        return err_sys(&f->err, bytes ? errno : ENOMEM, "%s", f->path);
    f->text = make_plain(bytes, (size_t)n, at > 0);
    return f->text ? 0 : err_sys(&f->err, ENOMEM, "%s", f->path);
}

static void on_work(uv_work_t *w)
{
    struct follow *f = w->data;
    auto_close int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        err_set(&f->err, errno, errno == ENOENT ? "There is none yet: it begins with the next start" : "%s cannot be read",
                f->path);
        f->changed = f->seen.st_ino || !f->seen.st_nlink;
        f->seen = (struct stat){.st_nlink = 1};
        return;
    }
    f->changed = st.st_ino != f->seen.st_ino || st.st_size != f->seen.st_size ||
                 st.st_mtim.tv_nsec != f->seen.st_mtim.tv_nsec || st.st_mtim.tv_sec != f->seen.st_mtim.tv_sec;
    f->seen = st;
    if (f->changed)
        read_end(f, fd, st.st_size);
}

/* --- on the loop --- */

/* Lines from newlines; the last newline ends a line and begins none. */
static void split(struct model_log *l)
{
    size_t len = l->text ? strlen(l->text) : 0, room = 1;

    for (size_t i = 0; i < len; i++)
        room += l->text[i] == '\n';
    free(l->line);
    l->line = calloc(room, sizeof(*l->line));
    l->count = 0;
    for (size_t at = 0; l->line && at < len;) {
        char *end = strchr(l->text + at, '\n');

        l->line[l->count++] = (uint32_t)at;
        at = end ? (size_t)(end - l->text) + 1 : len;
        if (end)
            *end = '\0';
    }
}

static void show(struct follow *f)
{
    struct model_log *l = &f->core->model.log;

    free(l->text);
    l->text = steal_ptr(&f->text);
    split(l);
    snprintf(l->distro, sizeof(l->distro), "%s", f->distro);
    snprintf(l->why, sizeof(l->why), "%s", f->err.code ? f->err.msg : "");
    l->vmm = f->vmm;
    l->known = true;
    if (f->core->changed)
        f->core->changed(f->core->changed_ctx);
}

static void on_done(uv_work_t *w, int status)
{
    struct follow *f = w->data;

    f->working = false;
    if (f->stopped) {
        if (f->closed)
            follow_free(f);
        return;
    }
    if (status == 0 && f->changed)
        show(f);
    f->err = (struct err){0};
}

static void on_timer(uv_timer_t *t)
{
    struct follow *f = t->data;

    if (!f->working)
        f->working = uv_queue_work(f->core->loop, &f->work, on_work, on_done) == 0;
}

struct follow *follow_start(struct core *c, const char *distro, bool vmm)
{
    struct follow *f = calloc(1, sizeof(*f));

    if (!f || !(f->path = machine_file(&c->paths, distro, vmm ? "vmm.log" : "console.log"))) {
        free(f);
        return NULL;
    }
    f->core = c;
    f->vmm = vmm;
    snprintf(f->distro, sizeof(f->distro), "%s", distro);
    f->work.data = f->timer.data = f;
    uv_timer_init(c->loop, &f->timer);
    uv_timer_start(&f->timer, on_timer, 0, LOOK_MS);
    return f;
}

bool follow_is_of(const struct follow *f, const char *distro, bool vmm)
{
    return f->vmm == vmm && strcmp(f->distro, distro) == 0;
}

static void on_closed(uv_handle_t *h)
{
    struct follow *f = h->data;

    f->closed = true;
    if (!f->working)
        follow_free(f);
}

void follow_stop(struct follow *f)
{
    if (!f)
        return;
    f->stopped = true;
    uv_close((uv_handle_t *)&f->timer, on_closed);
}
