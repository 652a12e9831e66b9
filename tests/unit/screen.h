/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lxtop's console in a terminal of a given type, and what is seen there: the bytes go into a pane of our own
 * (libvterm), which understands every terminal that terminfo describes as a kind of ANSI.
 */
#ifndef TESTS_UNIT_SCREEN_H
#define TESTS_UNIT_SCREEN_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "core/base/clock.h"
#include "tests/unit/as_lxtop.h"
#include "tests/unit/terminal.h"
#include "tui/pane.h"

struct seen {
    struct terminal t; /* its `text` and `len` are the bytes written so far, as many as fit */
    struct pane *pane;
    struct grid grid;
    char shown[65536]; /* as grid_dump writes it */
};

static void seen_nothing_typed(void *ctx, const char *p, size_t len)
{
    (void)ctx;
    (void)p;
    (void)len;
}

/* `env`: NAME=VALUE... and NULL. */
static inline void seen_begin(struct seen *s, const char *const *env, int rows, int cols)
{
    static const struct pane_events ev = {.typed = seen_nothing_typed};
    const struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

    *s = (struct seen){0};
    unsetenv("NO_COLOR");
    unsetenv("COLORTERM");
    setenv("LC_ALL", "C.UTF-8", 1);
    for (; *env; env++)
        assert_int_equal(putenv((char *)*env), 0);
    s->pane = pane_new(rows, cols, 0, &ev, NULL);
    assert_int_equal(grid_init(&s->grid, rows, cols), 0);
    terminal_run(&s->t, &size, (const char *const[]){"lxtop", "--surface", NULL});
}

static inline const char *seen_shown(struct seen *s)
{
    FILE *f = fmemopen(s->shown, sizeof(s->shown), "w");

    grid_clear(&s->grid);
    pane_draw(s->pane, &s->grid, 0, 0);
    grid_dump(&s->grid, f);
    fclose(f);
    return s->shown;
}

#define SEEN_HANGS_MS 120000 /* nothing for so long is a test that hangs, not a slow machine */

/* Reads what it writes; false: it has ended, or hangs. */
static inline bool seen_read(struct seen *s)
{
    char bytes[4096];
    struct pollfd p = {.fd = s->t.master, .events = POLLIN};
    ssize_t n = poll(&p, 1, SEEN_HANGS_MS) == 1 ? read(s->t.master, bytes, sizeof(bytes)) : 0;
    size_t room = sizeof(s->t.text) - 1 - s->t.len;

    if (n <= 0)
        return false;
    pane_feed(s->pane, bytes, (size_t)n);
    if ((size_t)n < room)
        room = (size_t)n;
    memcpy(s->t.text + s->t.len, bytes, room);
    s->t.len += room;
    return true;
}

/* Until the screen shows it; the cursor is the last line: "cursor 3,0".  A screen that ticks is never silent. */
static inline void seen_wait(struct seen *s, const char *text)
{
    const int64_t end = clock_ms() + SEEN_HANGS_MS;

    while (!strstr(seen_shown(s), text))
        if (!seen_read(s) || clock_ms() > end)
            fail_msg("it ended, or hangs, before it showed \"%s\":\n%s", text, s->shown);
}

static inline void seen_type(struct seen *s, const char *keys)
{
    assert_int_equal(write(s->t.master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* Reads until it has ended, and all that it has written. */
static inline void seen_rest(struct seen *s)
{
    const int64_t end = clock_ms() + SEEN_HANGS_MS;
    siginfo_t gone = {0};

    while (gone.si_pid == 0) {
        struct pollfd p = {.fd = s->t.master, .events = POLLIN};

        if (poll(&p, 1, 10) == 1)
            seen_read(s);
        if (clock_ms() > end)
            fail_msg("it does not end; it showed:\n%s", s->shown);
        assert_int_equal(waitid(P_PID, (id_t)s->t.pid, &gone, WEXITED | WNOHANG | WNOWAIT), 0);
    }
    for (struct pollfd p = {.fd = s->t.master, .events = POLLIN}; poll(&p, 1, 0) == 1 && seen_read(s);)
        ;
}

static inline void seen_free(struct seen *s)
{
    pane_free(s->pane);
    grid_release(&s->grid);
}

/* It ends with `status` and everything is as it was. */
static inline void seen_end(struct seen *s, int status)
{
    terminal_end(&s->t, status);
    seen_free(s);
}

#endif
