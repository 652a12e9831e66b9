/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as run.json, under a free lock and a taken one: a state always comes out, and plain text. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
    size_t len = strnlen(text, size);

    if (len == size)
        abort();
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            abort();
}

static void check(const struct paths *p)
{
    struct machine_run r;

    memset(&r, 0x55, sizeof(r));
    machine_read(p, "d", &r);
    if (r.state >= MACHINE_STATES || r.state == MACHINE_INSTALLING)
        abort();
    for (int i = 0; i < PHASES; i++)
        if (r.phase_us[i] < -1)
            abort();
    check_text(r.reason, sizeof(r.reason));
    check_text(r.detail, sizeof(r.detail));
    check_text(r.init, sizeof(r.init));
    check_text(r.note, sizeof(r.note));
    machine_reason_text(r.reason);
    machine_unclean(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *state = file_path("/dev/shm/lxtop-fuzz-run-%d", (int)getpid());
    struct paths p = {.state = state};
    auto_free char *folder = machine_file(&p, "d", ""), *run = machine_file(&p, "d", "run.json");
    auto_free char *lock = machine_file(&p, "d", "lock");
    int fd;
    FILE *f;

    if (file_mkdirs(folder, 0700, NULL) < 0 || !(f = fopen(run, "we")) ||
        fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
    check(&p);
    fd = file_lock(lock, NULL);
    check(&p);
    close(fd);
    file_remove_tree(state, NULL);
    return 0;
}
