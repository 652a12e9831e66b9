/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminal panes without a machine: two boot consoles of "debian", the other end of which is this test. */
#ifndef TESTS_UNIT_PANE_WORLD_H
#define TESTS_UNIT_PANE_WORLD_H

#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/machine.h"
#include "tests/unit/fixture.h"
#include "tui/tabs.h"

#define PANE_CONSOLES 2
#define PANE_CONNECTIONS (2 * PANE_CONSOLES) /* each has one for its bytes and one for its size */
#define PANE_SAYS                                                                                              \
    "{\"ok\":true}\n[    0.061000] Run /init as init process\r\n\x1b]0;root@debian\x07\x1b[2Jdebian login: "    \
    "root\r\n\x1b[32mroot@debian\x1b[0m:\x1b[1;34m~\x1b[0m# ls --color\r\n\x1b[1;34mboot\x1b[0m  "              \
    "\x1b[36mbin\x1b[0m  \x1b[30;43mold\x1b[0m  \x1b[38;5;208m\xc3\xa4pfel \xe4\xbd\xa0\xe5\xa5\xbd\x1b[0m  "      \
    "\x1b[4mreadme\x1b[0m\r\n\x1b[7m a line in reverse that is longer than the smallest of the screens \x1b[0m\r\n" \
    "\x1b[32mroot@debian\x1b[0m:\x1b[1;34m~\x1b[0m# "

struct pane_world {
    uv_loop_t loop;
    struct core core;
    struct tabs *tabs;
    char *folder, *path;
    int listener, fd[PANE_CONNECTIONS];
    unsigned changes;
};

static void pane_changed(void *ctx)
{
    ((struct pane_world *)ctx)->changes++;
}

static void pane_listen(struct pane_world *w)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    auto_free char *runtime = NULL;

    w->path = machine_socket(&w->core.paths, "debian");
    runtime = strndup(w->path, (size_t)(strrchr(w->path, '/') - w->path));
    assert_int_equal(file_mkdirs(runtime, 0700, NULL), 0);
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", w->path);
    w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(w->listener, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(w->listener, PANE_CONNECTIONS), 0);
}

static void pane_open(struct pane_world *w, unsigned i)
{
    struct err e = {0};

    assert_ok(tabs_open(w->tabs, "debian", true, &e), e);
    for (unsigned c = 2 * i; c < 2 * i + 2; c++)
        assert_true((w->fd[c] = accept(w->listener, NULL, NULL)) >= 0);
    assert_int_equal(write(w->fd[2 * i], PANE_SAYS, strlen(PANE_SAYS)), (ssize_t)strlen(PANE_SAYS));
    while (w->changes <= i)
        uv_run(&w->loop, UV_RUN_ONCE);
}

static struct pane_world *pane_world_new(void)
{
    struct pane_world *w = calloc(1, sizeof(*w));

    w->folder = fixture_folder();
    w->core.loop = &w->loop;
    w->core.paths.runtime = w->folder;
    assert_int_equal(uv_loop_init(&w->loop), 0);
    for (int i = 0; i < CONSOLE_OPTIONS; i++)
        assert_int_equal(console_set(&w->core.console, (enum console_option)i, console_table[i].default_text, NULL), 0);
    w->tabs = tabs_new(&w->core, pane_changed, w);
    pane_listen(w);
    for (unsigned i = 0; i < PANE_CONSOLES; i++)
        pane_open(w, i);
    return w;
}

static void pane_world_free(struct pane_world *w)
{
    if (!w)
        return;
    tabs_free(w->tabs);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    for (unsigned i = 0; i < PANE_CONNECTIONS; i++)
        close(w->fd[i]);
    close(w->listener);
    console_release(&w->core.console);
    fixture_remove(w->folder);
    free(w->path);
    free(w);
}

#endif
