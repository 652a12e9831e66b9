/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/aside.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/core.h"
#include "core/machine.h"
#include "core/plain.h"

#define LOOK_MS 500

/* One look at the file. */
struct follow_look {
    char *path;
    struct stat seen; /* of the file as it was read last */
    /* What the thread leaves: */
    bool changed;
    char *text; /* plain, with newlines */
    struct err err;
};

struct follow {
    struct core *core;
    uv_timer_t timer;
    struct aside *aside;
    struct follow_look *look; /* NULL: it is under way */
    char distro[NAME_MAX_LEN + 1];
    bool vmm;
};

static void look_free(void *work)
{
    struct follow_look *l = work;

    if (!l)
        return;
    free(l->text);
    free(l->path);
    free(l);
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

static int read_end(struct follow_look *l, int fd, off_t size)
{
    off_t at = size > (off_t)FOLLOW_KEPT ? size - (off_t)FOLLOW_KEPT : 0;
    auto_free char *bytes = malloc(FOLLOW_KEPT);
    ssize_t n = bytes ? pread(fd, bytes, FOLLOW_KEPT, at) : -1;

    if (n < 0)
        return err_sys(&l->err, bytes ? errno : ENOMEM, "%s", l->path);
    l->text = make_plain(bytes, (size_t)n, at > 0);
    return l->text ? 0 : err_sys(&l->err, ENOMEM, "%s", l->path);
}

static void run(void *work)
{
    struct follow_look *l = work;
    auto_close int fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    struct stat st;

    l->err = (struct err){0};
    if (fd < 0 || fstat(fd, &st) < 0) {
        err_set(&l->err, errno, errno == ENOENT ? "There is none yet: it begins with the next start" : "%s cannot be read",
                l->path);
        l->changed = l->seen.st_ino || !l->seen.st_nlink;
        l->seen = (struct stat){.st_nlink = 1};
        return;
    }
    l->changed = st.st_ino != l->seen.st_ino || st.st_size != l->seen.st_size ||
                 st.st_mtim.tv_nsec != l->seen.st_mtim.tv_nsec || st.st_mtim.tv_sec != l->seen.st_mtim.tv_sec;
    l->seen = st;
    if (l->changed)
        read_end(l, fd, st.st_size);
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

static void show(struct follow *f, struct follow_look *look)
{
    struct model_log *l = &f->core->model.log;

    free(l->text);
    l->text = steal_ptr(&look->text);
    split(l);
    snprintf(l->distro, sizeof(l->distro), "%s", f->distro);
    snprintf(l->why, sizeof(l->why), "%s", look->err.code ? look->err.msg : "");
    l->vmm = f->vmm;
    l->known = true;
    if (f->core->changed)
        f->core->changed(f->core->changed_ctx);
}

static void done(void *ctx, void *work)
{
    struct follow *f = ctx;

    f->look = work;
    if (f->look->changed)
        show(f, f->look);
}

static void on_timer(uv_timer_t *t)
{
    struct follow *f = t->data;

    if (f->look)
        aside_give(f->aside, steal_ptr(&f->look));
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

static struct follow_look *look_new(const struct paths *p, const char *distro, bool vmm)
{
    struct follow_look *l = calloc(1, sizeof(*l));

    if (l && (l->path = machine_file(p, distro, vmm ? "vmm.log" : "console.log")))
        return l;
    free(l);
    return NULL;
}

struct follow *follow_start(struct core *c, const char *distro, bool vmm)
{
    static const struct aside_events ev = {run, done, look_free};
    struct follow *f = calloc(1, sizeof(*f));

    if (!f || !(f->look = look_new(&c->paths, distro, vmm)) || !(f->aside = aside_new(c->loop, &ev, f))) {
        look_free(f ? f->look : NULL);
        free(f);
        return NULL;
    }
    f->core = c;
    f->vmm = vmm;
    snprintf(f->distro, sizeof(f->distro), "%s", distro);
    f->timer.data = f;
    uv_timer_init(c->loop, &f->timer);
    uv_timer_start(&f->timer, on_timer, 0, LOOK_MS);
    return f;
}

bool follow_is_of(const struct follow *f, const char *distro, bool vmm)
{
    return f->vmm == vmm && strcmp(f->distro, distro) == 0;
}

void follow_stop(struct follow *f)
{
    if (!f)
        return;
    aside_close(f->aside);
    look_free(f->look);
    uv_close((uv_handle_t *)&f->timer, on_closed);
}
