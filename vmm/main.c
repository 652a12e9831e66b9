/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxtop-vmm: one machine, from its command line to the reason of its end. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/ctl.h"
#include "vmm/sandbox.h"
#include "vmm/spec.h"
#include "vmm/vm.h"

#define LOG "main"
#include "core/base/log.h"

#define STATUS_ERROR 1
#define STATUS_USAGE 2

/*
 * When this process was executed, on CLOCK_MONOTONIC: field 22 of /proc/self/stat counts clock ticks
 * since boot, too coarse for a boot of 100 ms, so main's first look at the clock stands for it; the
 * dynamic linker's work before it is in the bench's own measurement.
 */
/* One line to whoever started us; core waits for it. */
static void tell_starter(const struct spec *s, const char *word, const char *text)
{
    auto_free char *line = file_path("%s%s%s\n", word, *text ? " " : "", text);

    if (s->ready_fd < 0 || !line)
        return;
    file_write_all(s->ready_fd, line, strlen(line), NULL);
    close(s->ready_fd);
}

/* A terminal passes every key on; what it was before is returned for the end. */
static bool make_raw(const struct spec *s, struct termios *before)
{
    struct termios raw;

    if (s->console == SPEC_CONSOLE_NONE || tcgetattr(STDIN_FILENO, before) < 0)
        return false;
    raw = *before;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST; /* kernel messages end in a bare line feed */
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    return true;
}

static int run(const struct spec *s, uint64_t started_us)
{
    static const struct ctl_exit_info table[EXITS] = CTL_EXIT_TABLE;
    struct err e = {0}, no_sandbox = {0};
    struct vm *vm = vm_new(s, started_us, &e);
    struct termios before;
    const char *detail;
    enum ctl_exit reason;
    bool raw;

    if (!vm) {
        tell_starter(s, "error", e.msg);
        fprintf(stderr, "lxtop-vmm: %s\n", e.msg);
        return STATUS_ERROR;
    }
    tell_starter(s, "ready", "");
    raw = make_raw(s, &before);
    if (sandbox_enter(&no_sandbox) < 0)
        log_warn("%s: the machine runs without one", no_sandbox.msg);
    reason = vm_run(vm, &detail, &e);
    if (raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    if (reason != EXIT_POWEROFF && reason != EXIT_STOPPED)
        fprintf(stderr, "lxtop-vmm: %s%s%s\n", table[reason].name, *detail ? ": " : "", detail);
    if (s->timing) {
        json_t *status = vm_status(vm);
        auto_free char *text = json_dumps(json_object_get(status, "phases"), 0);

        fprintf(stderr, "lxtop-vmm: phases in us: %s\n", text ? text : "");
        json_decref(status);
    }
    vm_free(vm);
    return table[reason].status;
}

/* Each file that a guest knows of a share holds a descriptor: as many as this user may have. */
static void allow_many_files(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) < 0)
        return;
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
}

int main(int argc, char **argv)
{
    uint64_t started_us = clock_us();
    auto_free char *help = NULL;
    struct err e = {0};
    struct spec s;
    int r = spec_parse(&s, argc, argv, &e);

    signal(SIGPIPE, SIG_IGN);
    if (r == SPEC_HELP) {
        help = spec_help();
        fputs(help ? help : "", stdout);
        return 0;
    }
    if (r == SPEC_VERSION) {
        puts("lxtop-vmm " LXTOP_VERSION);
        return 0;
    }
    if (r < 0) {
        fprintf(stderr, "lxtop-vmm: %s\n", e.msg);
        return STATUS_USAGE;
    }
    allow_many_files();
    log_open(s.name, STDERR_FILENO, s.verbose ? LOG_DEBUG : LOG_WARN);
    return run(&s, started_us);
}
