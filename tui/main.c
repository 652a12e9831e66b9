/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxtop: which surface this is (a verb, text mode, the screen), and nothing else. */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "core/op.h"
#include "core/snapshots.h"
#include "core/store.h"
#include "tui/app.h"
#include "tui/line.h"
#include "tui/stdfd.h"
#include "tui/term.h"
#include "tui/text.h"
#include "tui/verb.h"

static int run_verb(struct core *c, int argc, char **argv)
{
    const struct verb_voice voice = {.notes = stderr, .error = "lxtop: "};
    struct op_args a;
    struct err e = {0};

    if (op_parse(argc, argv, &a, &e) < 0) {
        line_say(stderr, "lxtop: %s", e.msg);
        return STATUS_USAGE;
    }
    return verb_run(c, &a, &voice);
}

/* Why text mode and not the screen; NULL: the screen. */
static const char *text_reason(bool asked)
{
    static const char *const variables[] = {"LXTOP_TEXT", "ACCESSIBLE"};

    if (asked)
        return "asked for by --text";
    for (int i = 0; i < 2; i++) {
        const char *value = getenv(variables[i]);

        if (value && *value)
            return "asked for by the environment";
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return "there is no terminal";
    return term_can_place_cursor() ? NULL : "this terminal cannot place the cursor";
}

static int run(struct core *c, int argc, char **argv)
{
    bool text = argc == 2 && strcmp(argv[1], "--text") == 0;
    const char *why;

    if (argc > 1 && !text)
        return run_verb(c, argc - 1, argv + 1);
    store_sweep(&c->paths);
    snapshots_sweep(&c->paths);
    why = text_reason(text);
    return why ? text_run(c, why) : app_run(c);
}

int main(int argc, char **argv)
{
    struct err e = {0};
    uv_loop_t loop;
    struct core core;
    int status;

    stdfd_all_open();
    setlocale(LC_ALL, "");
    signal(SIGPIPE, SIG_IGN);
    if (uv_loop_init(&loop) < 0)
        return STATUS_FAILED;
    if (core_init(&core, &loop, &e) < 0) {
        fprintf(stderr, "lxtop: %s\n", e.msg);
        return STATUS_FAILED;
    }
    status = run(&core, argc, argv);
    core_release(&core);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return status;
}
