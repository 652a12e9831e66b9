/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxtop: which surface this is (a verb, text mode, the screen), and nothing else. */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/op.h"
#include "tui/line.h"
#include "tui/stdfd.h"
#include "tui/surface.h"
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

static int run(struct core *c, int argc, char **argv)
{
    bool text = argc == 2 && strcmp(argv[1], "--text") == 0;

    return argc > 1 && !text ? run_verb(c, argc - 1, argv + 1) : surface_run(c, text);
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
