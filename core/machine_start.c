/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start of a machine: machine.h.  A chain of steps, each the callback of the one before. */
#include "core/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/boot.h"
#include "core/plain.h"
#include "core/store.h"
#include "core/suspended.h"
#include "core/vmm_args.h"

#define READY_FD 3
#define LOG_MAX (1024 * 1024)

struct machine_start {
    uv_loop_t *loop;
    const struct paths *paths;
    struct machine_start_events ev;
    void *ctx;
    bool detached, told, layered;
    char *restore; /* folder of the suspended machine; NULL: boot */
    bool again;    /* it cannot go on: boot, once lxtop-vmm is gone */
    char name[NAME_MAX_LEN + 1];
    char *disk, *disk_argument;
    struct options options;
    int lock_fd; /* during e2fsck */
    struct boot_plan plan;
    uv_work_t work;
    uv_process_t process;
    uv_pipe_t ready;
    bool ready_open, process_open;
    char line[ERR_MSG_SIZE];
    size_t len;
    struct err err;
};

static void start_free(struct machine_start *s)
{
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s->disk);
    free(s->disk_argument);
    free(s->restore);
    options_release(&s->options);
    boot_plan_release(&s->plan);
    free(s);
}

static void boot_afresh(struct machine_start *s);

static void on_handle_closed(uv_handle_t *h)
{
    struct machine_start *s = h->data;

    if (h == (uv_handle_t *)&s->ready)
        s->ready_open = false;
    else
        s->process_open = false;
    if (!s->ready_open && !s->process_open && s->again)
        boot_afresh(s);
    else if (!s->ready_open && !s->process_open)
        start_free(s);
}

/* The result is told; memory goes when the last handle is closed, which for the process of a
 * machine is its end: it is waited for as long as this process lives. */
static void tell(struct machine_start *s)
{
    if (!s->told && !s->detached)
        s->ev.done(s->ctx, &s->err);
    s->told = true;
    if (s->ready_open && !uv_is_closing((uv_handle_t *)&s->ready))
        uv_close((uv_handle_t *)&s->ready, on_handle_closed);
    else if (!s->ready_open && !s->process_open)
        start_free(s);
}

void machine_start_detach(struct machine_start *s)
{
    if (s)
        s->detached = true;
}

static void note(struct machine_start *s, const char *text)
{
    if (!s->detached)
        s->ev.note(s->ctx, text);
}

/* --- lxtop-vmm --------------------------------------------------------------------------------- */

/* The saved machine does not match, or is damaged: without it the distro boots as after a power failure. */
static bool give_restore_up(struct machine_start *s, const char *why)
{
    char text[ERR_MSG_SIZE + 64];

    if (!s->restore)
        return false;
    snprintf(text, sizeof(text), "it cannot go on where it was suspended and boots afresh: %s", why);
    note(s, text);
    suspended_discard(s->paths, s->name);
    free(steal_ptr(&s->restore));
    s->again = true;
    if (s->process_open)
        uv_ref((uv_handle_t *)&s->process); /* its end is waited for */
    uv_close((uv_handle_t *)&s->ready, on_handle_closed);
    return true;
}

/* The last line of a log, plain; "" when there is none. */
static void last_line(const char *path, char *to, size_t size)
{
    auto_free char *text = NULL;
    size_t len = 0;
    char *line;

    to[0] = '\0';
    if (file_read(path, LOG_MAX, &text, &len, NULL) < 0)
        return;
    while (len && text[len - 1] == '\n')
        text[--len] = '\0';
    line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    plain_copy(to, size, line, strlen(line), false);
}

static void ready_ended(struct machine_start *s)
{
    auto_free char *log = machine_file(s->paths, s->name, "vmm.log");
    char why[256] = "";

    if (log)
        last_line(log, why, sizeof(why));
    if (give_restore_up(s, why))
        return;
    err_set(&s->err, ECHILD, "lxtop-vmm ended before it was ready%s%s; its log is %s",
            *why ? ": " : "", why, log ? log : "vmm.log");
    tell(s);
}

static void ready_line(struct machine_start *s)
{
    char text[ERR_MSG_SIZE];

    const char *why = text;

    plain_copy(text, sizeof(text), s->line, strcspn(s->line, "\n"), false);
    if (strncmp(text, "error ", 6) == 0)
        why = text + 6;
    if (strcmp(text, "ready") == 0)
        suspended_discard(s->paths, s->name); /* used up, or debris; lxtop-vmm has its files open */
    else if (give_restore_up(s, why))
        return;
    else
        err_set(&s->err, EIO, "%s", why);
    tell(s);
}

static void on_ready_alloc(uv_handle_t *h, size_t hint, uv_buf_t *buf)
{
    struct machine_start *s = h->data;

    (void)hint;
    *buf = uv_buf_init(s->line + s->len, (unsigned)(sizeof(s->line) - 1 - s->len));
}

static void on_ready(uv_stream_t *st, ssize_t n, const uv_buf_t *buf)
{
    struct machine_start *s = st->data;

    (void)buf;
    if (n > 0)
        s->len += (size_t)n;
    s->line[s->len] = '\0';
    if (strchr(s->line, '\n') || s->len == sizeof(s->line) - 1)
        ready_line(s);
    else if (n < 0)
        ready_ended(s);
}

static void on_vmm_exit(uv_process_t *p, int64_t status, int signal)
{
    (void)status;
    (void)signal;
    uv_close((uv_handle_t *)p, on_handle_closed);
}

static int spawn_vmm(struct machine_start *s, char *const *argv, int log_fd)
{
    uv_stdio_container_t io[READY_FD + 1] = {
        {.flags = UV_IGNORE},
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = log_fd},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&s->ready}};
    uv_process_options_t o = {.file = argv[0],
                              .args = (char **)argv,
                              .flags = UV_PROCESS_DETACHED,
                              .exit_cb = on_vmm_exit,
                              .stdio_count = READY_FD + 1,
                              .stdio = io};
    int r;

    s->ready.data = s->process.data = s;
    r = uv_pipe_init(s->loop, &s->ready, 0);
    if (r < 0)
        return err_sys(&s->err, -r, "pipe");
    s->ready_open = s->process_open = true;
    r = uv_spawn(s->loop, &s->process, &o);
    if (r < 0) {
        uv_close((uv_handle_t *)&s->process, on_handle_closed);
        return err_sys(&s->err, -r, "run %s", argv[0]);
    }
    uv_unref((uv_handle_t *)&s->process);
    uv_read_start((uv_stream_t *)&s->ready, on_ready_alloc, on_ready);
    return 0;
}

static int run_vmm(struct machine_start *s)
{
    auto_free char *log = machine_file(s->paths, s->name, "vmm.log");
    auto_free char *old_console = machine_file(s->paths, s->name, "console.log.1");
    const struct vmm_machine m = {.paths = s->paths,       .name = s->name,
                                  .disk = s->disk_argument, .options = &s->options,
                                  .plan = &s->plan,        .restore = s->restore,
                                  .prepare = s->ev.prepare, .ready_fd = READY_FD};
    auto_close int log_fd = -1;
    struct vmm_args args;
    int r = vmm_args_make(&m, &args, &s->err);

    if (r < 0)
        return r;
    log_fd = log ? open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (log_fd < 0)
        r = err_sys(&s->err, errno, "%s", log ? log : "vmm.log");
    if (old_console)
        unlink(old_console); /* of an earlier run */
    if (r == 0)
        r = spawn_vmm(s, args.argv, log_fd);
    vmm_args_release(&args);
    return r;
}

/* --- kernel and initramfs, in a worker ---------------------------------------------------------- */

static void plan_work(uv_work_t *w)
{
    struct machine_start *s = w->data;

    boot_plan_make(s->paths, s->name, &s->options, &s->plan, &s->err);
}

static void plan_done(uv_work_t *w, int status)
{
    struct machine_start *s = w->data;

    if (status < 0)
        err_sys(&s->err, -status, "start %s", s->name);
    if (s->plan.note)
        note(s, s->plan.note);
    if (s->err.code || run_vmm(s) < 0)
        tell(s);
}

static void make_plan(struct machine_start *s)
{
    s->work.data = s;
    if (uv_queue_work(s->loop, &s->work, plan_work, plan_done) < 0) {
        err_sys(&s->err, ENOMEM, "start %s", s->name);
        tell(s);
    }
}

/* --- e2fsck ------------------------------------------------------------------------------------ */

/* Exit status of e2fsck(8): 1 errors corrected, 2 the same, 4 and above not corrected or not run. */
static void judge_fsck(struct machine_start *s, int64_t status, int signal)
{
    auto_free char *log = machine_file(s->paths, s->name, "fsck.log");
    auto_free char *text = NULL;
    size_t len;

    if (signal || status >= 4) {
        err_set(&s->err, EUCLEAN,
                "the disk of %s could not be repaired by itself; run `e2fsck -f %s` and answer its "
                "questions (what was found: %s)",
                s->name, s->disk, log ? log : "");
        return;
    }
    if (status >= 1)
        note(s, "the disk was not unmounted last time; e2fsck has repaired it");
    else if (log && file_read(log, LOG_MAX, &text, &len, NULL) >= 0 &&
             strstr(text, "recovering journal"))
        note(s, "the disk was not unmounted last time; its journal was recovered");
    else
        note(s, "the disk was not unmounted last time; e2fsck found it clean");
}

static void on_fsck_closed(uv_handle_t *h)
{
    struct machine_start *s = h->data;

    if (s->err.code)
        tell(s);
    else
        make_plan(s);
}

static void on_fsck_exit(uv_process_t *p, int64_t status, int signal)
{
    struct machine_start *s = p->data;

    judge_fsck(s, status, signal);
    close(steal_fd(&s->lock_fd));
    uv_close((uv_handle_t *)p, on_fsck_closed);
}

/*
 * The machine's lock is held for as long as e2fsck lives, by handing it the descriptor: a second
 * lxtop, even after a kill -9 of this one, cannot start the machine or a second e2fsck meanwhile.
 */
static int run_fsck(struct machine_start *s, char *fsck, struct err *e)
{
    auto_free char *lock = machine_file(s->paths, s->name, "lock");
    auto_free char *log = machine_file(s->paths, s->name, "fsck.log");
    auto_close int log_fd = log ? open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    char *argv[] = {fsck, "-p", s->disk, NULL};
    uv_stdio_container_t io[] = {{.flags = UV_IGNORE},
                                 {.flags = UV_INHERIT_FD, .data.fd = log_fd},
                                 {.flags = UV_INHERIT_FD, .data.fd = log_fd},
                                 {.flags = UV_INHERIT_FD}};
    uv_process_options_t o = {.file = fsck,
                              .args = argv,
                              .flags = UV_PROCESS_DETACHED,
                              .exit_cb = on_fsck_exit,
                              .stdio_count = ARRAY_SIZE(io),
                              .stdio = io};
    int r;

    if (log_fd < 0)
        return err_sys(e, errno, "%s", log ? log : "fsck.log");
    s->lock_fd = file_lock(lock, e);
    if (s->lock_fd == -EAGAIN)
        return err_set(e, EBUSY, "%s is being started by another lxtop", s->name);
    if (s->lock_fd < 0)
        return s->lock_fd;
    io[3].data.fd = s->lock_fd;
    s->process.data = s;
    r = uv_spawn(s->loop, &s->process, &o);
    if (r == 0)
        return 0;
    s->process_open = true; /* libuv has it in its list of handles though nothing runs */
    uv_close((uv_handle_t *)&s->process, on_handle_closed);
    return err_sys(e, -r, "run %s", fsck);
}

/* --- the beginning ----------------------------------------------------------------------------- */

static int make_folders(const struct paths *p, const char *name, struct err *e)
{
    auto_free char *state = file_path("%s/machines/%s", p->state, name);
    auto_free char *runtime = file_path("%s/%s", p->runtime, name);
    int r = state && runtime ? 0 : err_sys(e, ENOMEM, "start %s", name);

    if (!r)
        r = file_mkdirs(state, 0700, e);
    if (!r)
        r = file_mkdirs(runtime, 0700, e);
    return r;
}

static int check_disk(struct machine_start *s, struct err *e)
{
    auto_free char *fsck = program_find("e2fsck", NULL);

    if (access(s->disk, R_OK | W_OK) < 0)
        return err_set(e, errno, "the disk %s: %s; put it back, or `lxtop remove %s`", s->disk, strerror(errno), s->name);
    if (fsck)
        return run_fsck(s, fsck, e);
    return err_set(e, ENOENT, "%s did not end in order and e2fsck is not installed to check its disk; "
                   "install e2fsprogs", s->name);
}

/* Of a disk of layers, which e2fsck cannot read: Linux does the first of it. */
static void recover_journal(struct machine_start *s)
{
    note(s, "the disk was not unmounted last time; the guest recovers its journal");
    make_plan(s);
}

static void boot_afresh(struct machine_start *s)
{
    s->again = false;
    s->len = 0;
    boot_plan_release(&s->plan);
    if (s->layered)
        recover_journal(s);
    else if (check_disk(s, &s->err) < 0)
        tell(s);
}

static struct machine_start *start_new(uv_loop_t *loop, const struct paths *p,
                                       const struct distro *d,
                                       const struct machine_start_events *ev, void *ctx,
                                       struct err *e)
{
    struct machine_start *s = calloc(1, sizeof(*s));

    if (!s) {
        err_sys(e, ENOMEM, "start %s", d->name);
        return NULL;
    }
    *s = (struct machine_start){.loop = loop, .paths = p, .ev = *ev, .ctx = ctx, .lock_fd = -1};
    snprintf(s->name, sizeof(s->name), "%s", d->name);
    s->layered = d->layered;
    s->disk = strdup(d->disk);
    s->disk_argument = strdup(d->disk_argument ? d->disk_argument : "");
    if (!s->disk || !s->disk_argument || options_copy(&s->options, &d->options, e) < 0) {
        err_sys(e, ENOMEM, "start %s", d->name);
        start_free(s);
        return NULL;
    }
    return s;
}

struct machine_start *machine_start(uv_loop_t *loop, const struct paths *p, const struct distro *d,
                                    const struct machine_start_events *ev, void *ctx, struct err *e)
{
    struct machine_start *s = NULL;
    struct machine_run run;

    if (!d->disk_argument) {
        err_set(e, EINVAL, "%s", d->warning ? d->warning : "its snapshots cannot be read");
        return NULL;
    }
    if (store_check(p, d->name, e) < 0 || make_folders(p, d->name, e) < 0 || !(s = start_new(loop, p, d, ev, ctx, e)))
        return NULL;
    machine_read(p, d->name, &run);
    if (run.state == MACHINE_SUSPENDED)
        s->restore = suspended_files(p, d->name);
    if (s->restore || !machine_unclean(&run)) {
        make_plan(s);
        return s;
    }
    if (d->layered) {
        recover_journal(s);
        return s;
    }
    if (check_disk(s, e) < 0) {
        if (!s->process_open)
            start_free(s);
        return NULL;
    }
    return s;
}
