/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/shell.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/op.h"
#include "core/session.h"
#include "core/session_folder.h"
#include "core/store.h"
#include "tui/stdfd.h"

#define PATIENCE 3 /* requests to end that are only passed on, but the last */

/* With a terminal the keys are bytes, and these come from other programs. */
static const struct {
    int number;
    bool ends; /* without a terminal; with one all do */
} signals[] = {{SIGINT, false}, {SIGTERM, false}, {SIGQUIT, false}, {SIGUSR1, false},
               {SIGUSR2, false}, {SIGHUP, true}};

struct shell {
    uv_loop_t *loop;
    struct session *session;
    struct stdfd in, out, err;
    uv_signal_t resized, asked[ARRAY_SIZE(signals)];
    unsigned open; /* handles that are not closed yet */
    unsigned requests;
    bool no_input;
    bool tty, begun, ended, in_ended;
    int status;
    struct termios before;
    struct err why;
};

/* --- the end --- */

/* Ours and not the command's: what runs there is hung up. */
static void leave(struct shell *s, int status)
{
    if (s->ended)
        return;
    s->ended = true;
    s->status = status;
    session_close(s->session);
    s->session = NULL;
}

static void on_ended(void *ctx, int status, const struct err *e)
{
    struct shell *s = ctx;

    s->session = NULL;
    s->ended = true;
    s->status = e->code ? -e->code : status;
    s->why = *e;
}

/* --- bytes --- */

static void on_output(void *ctx, bool err, const uint8_t *p, size_t len)
{
    struct shell *s = ctx;
    int rc = stdfd_write(err ? &s->err : &s->out, p, len);

    if (rc < 0)
        leave(s, 128 + SIGPIPE);
    else if (rc == 0)
        session_pause(s->session, true);
}

static void on_writable(struct stdfd *fd)
{
    struct shell *s = fd->ctx;

    if (s->ended)
        return;
    if (stdfd_flush(fd) < 0)
        leave(s, 128 + SIGPIPE);
    else if (!s->out.left && !s->err.left)
        session_pause(s->session, false);
}

static void input_ended(struct shell *s)
{
    s->in_ended = true;
    stdfd_watch(&s->in, false);
    if (s->tty)
        leave(s, 128 + SIGHUP);
    else
        session_write_end(s->session);
}

/* True while there may be more at once. */
static bool take_input(struct shell *s)
{
    char bytes[SESSION_DATA_MAX];
    size_t room = session_room(s->session);
    ssize_t n = read(s->in.fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes));

    if (n > 0)
        session_write(s->session, bytes, (size_t)n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        input_ended(s);
    return n > 0;
}

/* Input is watched only while there is room: bytes stay with whoever writes them. */
static void on_readable(struct stdfd *fd)
{
    struct shell *s = fd->ctx;

    if (s->ended || s->in_ended)
        return;
    if (session_room(s->session) > 0)
        take_input(s);
    if (!s->ended && !s->in_ended)
        stdfd_watch(&s->in, session_room(s->session) > 0);
}

static void on_room(void *ctx)
{
    struct shell *s = ctx;

    if (!s->begun && s->no_input)
        input_ended(s);
    s->begun = true;
    stdfd_watch(&s->in, !s->in_ended);
    while (!s->in.polled && !s->ended && !s->in_ended && session_room(s->session) > 0 && take_input(s))
        ;
}

/* --- signals --- */

static void read_size(uint16_t *rows, uint16_t *cols)
{
    struct winsize w;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0) {
        *rows = w.ws_row;
        *cols = w.ws_col;
    }
}

static void on_resized(uv_signal_t *h, int number)
{
    struct shell *s = h->data;
    uint16_t rows = 0, cols = 0;

    (void)number;
    read_size(&rows, &cols);
    if (s->session)
        session_resize(s->session, rows, cols);
}

static void on_asked(uv_signal_t *h, int number)
{
    struct shell *s = h->data;
    bool ends = s->tty || !s->begun;

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        ends |= signals[i].number == number && signals[i].ends;
    s->requests += number == SIGINT || number == SIGTERM;
    if (ends || s->requests >= PATIENCE)
        leave(s, 128 + number);
    else if (s->session)
        session_signal(s->session, number);
}

/* --- what is asked for --- */

/* The variables that say how this terminal and its person speak, then those of the command line. */
static char **make_environment(const struct op_args *a, bool tty)
{
    static const struct {
        const char *name;
        bool terminal;
    } passed[] = {{"TERM", true}, {"COLORTERM", true}, {"NO_COLOR", true}, {"LANG", false}};
    char **env = calloc(ARRAY_SIZE(passed) + a->envs + 1, sizeof(*env));
    size_t n = 0;

    for (size_t i = 0; env && i < ARRAY_SIZE(passed); i++) {
        const char *value = getenv(passed[i].name);

        if (value && (tty || !passed[i].terminal) && (env[n] = file_path("%s=%s", passed[i].name, value)))
            n++;
    }
    for (unsigned i = 0; env && i < a->envs; i++)
        if ((env[n] = strdup(a->env[i])))
            n++;
    return env;
}

static void free_list(char **list)
{
    for (char **p = list; p && *p; p++)
        free(*p);
    free(list);
}

/* Where this machine's folder is in the distro; NULL: nowhere. */
static char *same_folder(const struct distro *d)
{
    const char *home = getenv("HOME");
    char here[PATH_MAX];

    if (!getcwd(here, sizeof(here)))
        return NULL;
    return session_folder(options_text(&d->options, OPT_SHARES), home ? home : "", here);
}

static int open_session(struct shell *s, struct core *c, const struct op_args *a, struct err *e)
{
    static const struct session_events ev = {on_output, on_room, on_ended};
    struct session_start start = {.flags = s->tty ? SESSION_TTY : 0};
    auto_free char *folder = NULL;
    struct distro d;

    if (store_load(&c->paths, &c->defaults, a->distro, &d, e) < 0)
        return -e->code;
    folder = a->folder ? NULL : same_folder(&d);
    if (a->folder)
        start.flags |= SESSION_CWD_MUST;
    read_size(&start.rows, &start.cols);
    start.user = a->setting[OPT_USER] ? a->setting[OPT_USER] : options_text(&d.options, OPT_USER);
    start.cwd = a->folder ? a->folder : folder ? folder : "";
    start.env = make_environment(a, s->tty);
    start.argv = a->op == OP_EXEC ? (char **)a->word + 1 : NULL; /* none: the login shell */
    s->session = session_open(c->loop, &c->paths, a->distro, &start, &ev, s, e);
    free_list(start.env);
    distro_release(&d);
    return s->session ? 0 : -e->code;
}

/* --- its life --- */

static void make_raw(struct shell *s)
{
    struct termios raw;

    if (!s->tty || tcgetattr(STDIN_FILENO, &s->before) < 0) {
        s->tty = false;
        return;
    }
    raw = s->before;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void start_signal(struct shell *s, uv_signal_t *h, uv_signal_cb fn, int number)
{
    uv_signal_init(s->loop, h);
    h->data = s;
    uv_signal_start(h, fn, number);
    s->open++;
}

static void start_handles(struct shell *s)
{
    stdfd_open(&s->in, s->loop, STDIN_FILENO, on_readable, s);
    stdfd_open(&s->out, s->loop, STDOUT_FILENO, on_writable, s);
    stdfd_open(&s->err, s->loop, STDERR_FILENO, on_writable, s);
    s->open += s->in.polled + s->out.polled + s->err.polled;
    if (s->tty)
        start_signal(s, &s->resized, on_resized, SIGWINCH);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        start_signal(s, &s->asked[i], on_asked, signals[i].number);
}

static void on_signal_closed(uv_handle_t *h)
{
    struct shell *s = h->data;

    s->open--;
}

static void on_stdfd_closed(uv_handle_t *h)
{
    struct stdfd *fd = h->data;
    struct shell *s = fd->ctx;

    s->open--;
}

/* The handles are on the stack: they are closed before it goes. */
static void stop_handles(struct shell *s)
{
    if (s->tty)
        uv_close((uv_handle_t *)&s->resized, on_signal_closed);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        uv_close((uv_handle_t *)&s->asked[i], on_signal_closed);
    stdfd_close(&s->in, on_stdfd_closed);
    stdfd_close(&s->out, on_stdfd_closed);
    stdfd_close(&s->err, on_stdfd_closed);
    while (s->open)
        uv_run(s->loop, UV_RUN_ONCE);
}

int shell_run(struct core *c, const struct op_args *a, struct err *e)
{
    struct shell s = {.loop = c->loop, .tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
                      .no_input = a->flags & FLAG_NO_INPUT};
    int r = open_session(&s, c, a, e);

    if (r < 0)
        return r;
    make_raw(&s);
    start_handles(&s);
    while (!s.ended)
        uv_run(c->loop, UV_RUN_ONCE);
    stop_handles(&s);
    if (s.tty)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &s.before);
    *e = s.why;
    return s.status;
}
