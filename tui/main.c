/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxtop: which surface this is (a verb, text mode, the screen), and nothing else. */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>

#include "core/core.h"
#include "core/op.h"
#include "tui/stdfd.h"
#include "tui/surface.h"

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
    status = surface_words(&core, argc - 1, argv + 1);
    surface_end(&core);
    return status;
}
