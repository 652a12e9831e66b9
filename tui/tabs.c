/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/tabs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/core.h"
#include "core/ctl.h"
#include "core/machine.h"
#include "core/session.h"
#include "core/store.h"
#include "tui/pane.h"
#include "tui/term.h"

#define TABS_MAX 32
#define ROWS_FIRST 24 /* until it is drawn */
#define COLS_FIRST 80
#define TYPED_MAX (1u << 20) /* bytes that wait for a shell to take them */

struct tab {
    struct tabs *tabs;
    struct pane *pane;
    struct session *session;       /* a shell */
    struct ctl *console, *control; /* a boot console: bytes, and beside them the size */
    char *typed;                   /* for a shell that has no room for it yet: it is still being reached, or reads slowly */
    size_t typed_len;
    int rows, cols;
    bool ended, reached;
    char name[NAME_MAX_LEN + 1], why[160];
};

struct tabs {
    struct core *core;
    void (*changed)(void *ctx);
    void *ctx;
    struct tab *tab[TABS_MAX];
    unsigned count, front;
    ui_key prefix;
    bool commanding; /* the prefix was pressed */
    char *taken;     /* by copy mode, for a paste */
};

/* --- what runs in a pane --- */

static void changed(struct tab *t)
{
    t->tabs->changed(t->tabs->ctx);
}

static void send_typed(struct tab *t)
{
    size_t room = t->session ? session_room(t->session) : 0, len = t->typed_len < room ? t->typed_len : room;

    if (len == 0)
        return;
    session_write(t->session, t->typed, len);
    t->typed_len -= len;
    memmove(t->typed, t->typed + len, t->typed_len);
}

/* What is too much for it is told by the bell, and left out whole. */
static void keep_typed(struct tab *t, const char *p, size_t len)
{
    char *more = len <= TYPED_MAX - t->typed_len ? realloc(t->typed, t->typed_len + len) : NULL;

    if (!more) {
        term_beep();
        return;
    }
    t->typed = more;
    memcpy(t->typed + t->typed_len, p, len);
    t->typed_len += len;
}

static void on_typed(void *ctx, const char *p, size_t len)
{
    struct tab *t = ctx;

    if (t->console)
        ctl_write(t->console, p, len);
    if (!t->session || len == 0)
        return;
    keep_typed(t, p, len);
    send_typed(t);
}

static void on_bell(void *ctx)
{
    (void)ctx;
    term_beep();
}

static void on_output(void *ctx, bool err, const uint8_t *p, size_t len)
{
    struct tab *t = ctx;

    (void)err;
    pane_feed(t->pane, p, len);
    changed(t);
}

/* The size it was asked for is not the one that it has been drawn with since. */
static void on_room(void *ctx)
{
    struct tab *t = ctx;

    if (!t->reached)
        session_resize(t->session, (unsigned)t->rows, (unsigned)t->cols);
    t->reached = true;
    send_typed(t);
}

static void end(struct tab *t, const char *why)
{
    t->ended = true;
    snprintf(t->why, sizeof(t->why), "%s", why);
    changed(t);
}

static void on_ended(void *ctx, int status, const struct err *e)
{
    struct tab *t = ctx;
    char why[64];

    t->session = NULL;
    snprintf(why, sizeof(why), "ended with %d", status);
    end(t, e->code ? e->msg : why);
}

static void on_bytes(void *ctx, const char *p, size_t len)
{
    on_output(ctx, false, (const uint8_t *)p, len);
}

static void on_console_closed(void *ctx, const struct err *e)
{
    struct tab *t = ctx;

    (void)e;
    t->console = NULL;
    end(t, "the machine has ended");
}

static void on_control_closed(void *ctx, const struct err *e)
{
    struct tab *t = ctx;

    (void)e;
    t->control = NULL;
}

static void resize(struct tab *t, int rows, int cols)
{
    if (rows == t->rows && cols == t->cols)
        return;
    t->rows = rows;
    t->cols = cols;
    pane_resize(t->pane, rows, cols);
    if (t->session)
        session_resize(t->session, (unsigned)rows, (unsigned)cols);
    if (t->control)
        ctl_send(t->control, json_pack("{ss si si}", "cmd", "resize", "rows", rows, "cols", cols), NULL, NULL);
}

static int begin_shell(struct tab *t, struct err *e)
{
    static const struct session_events ev = {on_output, on_room, on_ended};
    static char *const env[] = {"TERM=xterm-256color", NULL};
    struct session_start start = {.flags = SESSION_TTY, .rows = ROWS_FIRST, .cols = COLS_FIRST, .cwd = "",
                                  .env = (char **)env};
    struct core *c = t->tabs->core;
    struct distro d;

    if (store_load(&c->paths, &c->defaults, t->name, &d, e) < 0)
        return -e->code;
    start.user = options_text(&d.options, OPT_USER);
    t->session = session_open(c->loop, &c->paths, t->name, &start, &ev, t, e);
    distro_release(&d);
    return t->session ? 0 : -e->code;
}

static int begin_console(struct tab *t, struct err *e)
{
    static const struct ctl_events console = {.bytes = on_bytes, .closed = on_console_closed};
    static const struct ctl_events control = {.closed = on_control_closed};
    struct core *c = t->tabs->core;
    auto_free char *path = machine_socket(&c->paths, t->name);

    t->console = path ? ctl_open(c->loop, path, &console, t, e) : NULL;
    if (!t->console)
        return path ? -EIO : err_sys(e, ENOMEM, "console");
    t->control = ctl_open(c->loop, path, &control, t, NULL);
    ctl_console(t->console, NULL, NULL);
    return 0;
}

static void tab_free(struct tab *t)
{
    session_close(t->session);
    ctl_close(t->console);
    ctl_close(t->control);
    pane_free(t->pane);
    free(t->typed);
    free(t);
}

/* --- all of them --- */

struct tabs *tabs_new(struct core *c, void (*fn)(void *ctx), void *ctx)
{
    struct tabs *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->core = c;
    t->changed = fn;
    t->ctx = ctx;
    tabs_use_settings(t);
    return t;
}

void tabs_use_settings(struct tabs *t)
{
    if (t)
        t->prefix = key_parse(console_text(&t->core->console, CONSOLE_PREFIX));
}

ui_key tabs_prefix(const struct tabs *t)
{
    return t ? t->prefix : K_CTRL(']');
}

void tabs_free(struct tabs *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < t->count; i++)
        tab_free(t->tab[i]);
    free(t->taken);
    free(t);
}

int tabs_open(struct tabs *t, const char *distro, bool console, struct err *e)
{
    static const struct pane_events ev = {on_typed, on_bell};
    struct tab *tab = t->count < TABS_MAX ? calloc(1, sizeof(*tab)) : NULL;
    int r;

    if (!tab)
        return t->count < TABS_MAX ? err_sys(e, ENOMEM, "pane") : err_set(e, EMFILE, "at most %d panes", TABS_MAX);
    tab->tabs = t;
    tab->rows = ROWS_FIRST;
    tab->cols = COLS_FIRST;
    snprintf(tab->name, sizeof(tab->name), "%s", distro);
    tab->pane = pane_new(tab->rows, tab->cols, (unsigned)console_number(&t->core->console, CONSOLE_SCROLLBACK), &ev, tab);
    r = !tab->pane ? err_sys(e, ENOMEM, "pane") : console ? begin_console(tab, e) : begin_shell(tab, e);
    if (r < 0) {
        tab_free(tab);
        return r;
    }
    t->front = t->count;
    t->tab[t->count++] = tab;
    return 0;
}

unsigned tabs_count(const struct tabs *t)
{
    return t ? t->count : 0;
}

static void close_front(struct tabs *t)
{
    tab_free(t->tab[t->front]);
    t->count--;
    for (unsigned i = t->front; i < t->count; i++)
        t->tab[i] = t->tab[i + 1];
    if (t->front && t->front >= t->count)
        t->front--;
}

/* --- what is seen --- */

static int put(struct grid *g, int row, int col, enum style s, const char *text)
{
    return col < g->cols ? col + grid_put(g, row, col, g->cols - col, s, text) : col;
}

static void draw_line(struct tabs *t, struct grid *g, int row)
{
    const struct tab *front = t->tab[t->front];
    char text[NAME_MAX_LEN + 16], key[KEY_TEXT];
    int col = 0;

    for (unsigned i = 0; i < t->count; i++) {
        snprintf(text, sizeof(text), i == t->front ? "[%u %s] " : "%u %s ", i + 1, t->tab[i]->name);
        col = put(g, row, col, i == t->front ? STYLE_PROMPT : STYLE_LABEL, text);
    }
    col = put(g, row, col, STYLE_KEY, key_text(t->prefix, key));
    if (pane_copying(front->pane))
        put(g, row, col, STYLE_LABEL, " copying: Space marks, Enter takes, q leaves");
    else if (t->commanding)
        put(g, row, col, STYLE_LABEL, ": d back, n next, 1-9 choose, c copy, v paste, x close");
    else if (front->ended)
        put(g, row, put(g, row, col, STYLE_LABEL, " x closes it: "), STYLE_BAD, front->why);
    else
        put(g, row, put(g, row, col, STYLE_LABEL, " is lxtop's key. "), STYLE_LABEL, pane_title(front->pane));
}

void tabs_draw(struct tabs *t, struct grid *g, int row, int rows)
{
    struct tab *front;

    if (!t->count || rows < 2)
        return;
    front = t->tab[t->front];
    resize(front, rows - 1, g->cols);
    draw_line(t, g, row + rows - 1);
    pane_draw(front->pane, g, row, 0); /* last: the cursor is the program's */
}

/* --- keys --- */

static void copy_key(struct tabs *t, ui_key k)
{
    char *text = pane_copy_key(t->tab[t->front]->pane, k);

    if (!text)
        return;
    free(t->taken);
    t->taken = text;
    term_clip(text, strlen(text));
}

/* The key behind the prefix; false: back to the views. */
static bool command(struct tabs *t, ui_key k)
{
    struct pane *p = t->tab[t->front]->pane;

    if (k == t->prefix)
        pane_key(p, k);
    else if (k == 'n' || k == '\t')
        t->front = (t->front + 1) % t->count;
    else if (k >= '1' && k <= '9' && k - '1' < t->count)
        t->front = k - '1';
    else if (k == 'c')
        pane_copy_begin(p);
    else if (k == 'v' && t->taken)
        pane_paste(p, t->taken, strlen(t->taken));
    else if (k == 'x')
        close_front(t);
    return k != 'd' && k != K_ESC && t->count > 0;
}

bool tabs_key(struct tabs *t, ui_key k)
{
    if (!t->count)
        return false;
    if (t->commanding) {
        t->commanding = false;
        return command(t, k);
    }
    if (k == t->prefix)
        t->commanding = true;
    else if (pane_copying(t->tab[t->front]->pane))
        copy_key(t, k);
    else
        pane_key(t->tab[t->front]->pane, k);
    return true;
}

/* Into nothing, where the keys are not the program's. */
void tabs_paste(struct tabs *t, const char *text, size_t len)
{
    if (t && t->count && !t->commanding && !pane_copying(t->tab[t->front]->pane))
        pane_text(t->tab[t->front]->pane, text, len);
}
