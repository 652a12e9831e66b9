/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/log_read.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/machine.h"
#include "core/plain.h"
#include "core/report.h"
#include "core/session.h"

#define LINE_ROOM 4096 /* a longer one is told in pieces */
#define CHUNK 65536

/* A stream of bytes cut into lines. */
struct source {
    const char *name;
    char line[LINE_ROOM];
    size_t len;
    off_t at; /* in its file */
    ino_t ino;
};

struct log_read {
    struct core *core;
    char distro[NAME_MAX_LEN + 1];
    enum report_form form;
    bool told_notes;
    unsigned long lines;
    void (*line)(void *ctx, const char *text);
    void *ctx;
    struct source kernel, console, vmm;
    struct session *session; /* with the kernel; NULL: none, or it has ended */
};

/* Blank lines, rules and boxes (of ASCII, or of U+2000 to U+2FFF) are nothing to listen to. */
static bool has_words(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (isalnum(*p) || (*p >= 0x80 && (*p != 0xe2 || !p[1] || !p[2])))
            return true;
        if (*p == 0xe2)
            p += 2;
    }
    return false;
}

static void tell(struct log_read *l, const char *source, const char *bytes, size_t len)
{
    char plain[LINE_ROOM];
    auto_free char *text = NULL;

    while (len && bytes[len - 1] == '\r')
        len--;
    plain_copy(plain, sizeof(plain), bytes, len, false);
    if (l->form == REPORT_WORDS && !has_words(plain))
        return;
    text = l->form == REPORT_JSON ? report_json_line(json_pack("{ss ss}", "source", source, "text", plain))
                   : file_path("%s: %s\n", source, plain);
    l->lines++;
    if (text)
        l->line(l->ctx, text);
}

static void take(struct log_read *l, struct source *s, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool end = p[i] == '\n';

        if (!end)
            s->line[s->len++] = p[i];
        if (end || s->len == sizeof(s->line) - 1) {
            tell(l, s->name, s->line, s->len);
            s->len = 0;
        }
    }
}

static void end_line(struct log_read *l, struct source *s)
{
    if (s->len > 0)
        take(l, s, "\n", 1);
}

/* --- files --- */

static void read_file(struct log_read *l, struct source *s, const char *path)
{
    auto_close int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    auto_free char *bytes = malloc(CHUNK);
    struct stat st;
    ssize_t n;

    if (fd < 0 || !bytes || fstat(fd, &st) < 0)
        return;
    if (st.st_ino != s->ino || st.st_size < s->at) /* a new one: the log has been turned over */
        s->at = 0;
    s->ino = st.st_ino;
    while ((n = pread(fd, bytes, CHUNK, s->at)) > 0) {
        take(l, s, bytes, (size_t)n);
        s->at += n;
    }
}

/* Past its size the console's log becomes FILE.1 (vmm/console.h): what was not read of it is there. */
static void read_console(struct log_read *l)
{
    auto_free char *path = machine_file(&l->core->paths, l->distro, "console.log");
    auto_free char *old = machine_file(&l->core->paths, l->distro, "console.log.1");
    struct stat now, before;

    if (!path || !old || stat(path, &now) < 0)
        return;
    if (now.st_ino != l->console.ino && stat(old, &before) == 0 &&
        (l->console.ino == 0 || before.st_ino == l->console.ino))
        read_file(l, &l->console, old);
    read_file(l, &l->console, path);
}

static void tell_notes(struct log_read *l)
{
    auto_free char *path = machine_file(&l->core->paths, l->distro, "run.json");
    json_t *run = path ? json_load_file(path, 0, NULL) : NULL;
    const json_t *note;
    size_t i;

    json_array_foreach(json_object_get(run, "notes"), i, note)
        if (json_is_string(note))
            tell(l, "guest", json_string_value(note), json_string_length(note));
    json_decref(run);
    l->told_notes = true;
}

void log_read_more(struct log_read *l)
{
    auto_free char *vmm = machine_file(&l->core->paths, l->distro, "vmm.log");

    read_console(l);
    if (!l->told_notes)
        tell_notes(l);
    read_file(l, &l->vmm, vmm);
}

/* --- the kernel --- */

static void on_output(void *ctx, bool err, const uint8_t *p, size_t len)
{
    struct log_read *l = ctx;

    if (!err)
        take(l, &l->kernel, (const char *)p, len);
}

static void on_room(void *ctx)
{
    (void)ctx;
}

static void on_ended(void *ctx, int status, const struct err *e)
{
    struct log_read *l = ctx;

    (void)status;
    (void)e; /* a guest that does not answer is not what was asked about */
    l->session = NULL;
    end_line(l, &l->kernel);
}

static int ask_kernel(struct log_read *l, bool follow, struct err *e)
{
    static const struct session_events ev = {on_output, on_room, on_ended};
    char *none[] = {NULL};
    struct session_start start = {.flags = SESSION_KERNEL_LOG | (follow ? SESSION_FOLLOW : 0), .user = "0",
                                  .cwd = "", .env = none, .argv = none};

    l->session = session_open(l->core->loop, &l->core->paths, l->distro, &start, &ev, l, e);
    return l->session ? 0 : -e->code;
}

bool log_read_busy(const struct log_read *l)
{
    return l->session != NULL;
}

unsigned long log_read_lines(const struct log_read *l)
{
    return l->lines;
}

struct log_read *log_read_start(struct core *c, const char *distro, bool running, bool follow, enum report_form form,
                                void (*line)(void *ctx, const char *text), void *ctx, struct err *e)
{
    struct log_read *l = calloc(1, sizeof(*l));

    if (!l) {
        err_sys(e, ENOMEM, "log of %s", distro);
        return NULL;
    }
    *l = (struct log_read){.core = c, .form = form, .line = line, .ctx = ctx, .kernel.name = "kernel",
                           .console.name = "console", .vmm.name = "vmm"};
    snprintf(l->distro, sizeof(l->distro), "%s", distro);
    if (!running || ask_kernel(l, follow, e) == 0)
        return l;
    free(l);
    return NULL;
}

void log_read_free(struct log_read *l)
{
    if (!l)
        return;
    end_line(l, &l->console);
    end_line(l, &l->vmm);
    session_close(l->session);
    free(l);
}
