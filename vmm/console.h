/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's console as people see it: what was written is kept, and shown to any number of viewers.
 *
 * Kept are the first CONSOLE_HEAD bytes (the boot) and the last CONSOLE_TAIL; a late viewer gets
 * both first.  The log file is bounded too: past CONSOLE_FILE_MAX it becomes FILE.1.  A viewer who
 * does not read is dropped when CONSOLE_BACKLOG bytes wait for it; neither the guest nor another
 * viewer ever waits for one.  Used with the machine's lock held.
 */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/ctl.h"

struct err;
struct loop;
struct console;

#define CONSOLE_HEAD (64 * 1024)
#define CONSOLE_TAIL (CTL_CONSOLE_KEPT - CONSOLE_HEAD)
#define CONSOLE_FILE_MAX (1024 * 1024)
#define CONSOLE_BACKLOG (CTL_CONSOLE_KEPT + 512 * 1024)

#define CONSOLE_TYPED CTL_LINE_MAX

struct console_config {
    struct loop *loop;
    const char *log_path; /* NULL: no file */
    /* Bytes a viewer typed; returns how many the guest's device took (the rest is offered again). */
    size_t (*input)(void *ctx, const void *bytes, size_t len);
    /* The guest's kernel has panicked, as its own message says; once. */
    void (*panic)(void *ctx, const char *line);
    void *ctx;
};

struct console *console_new(const struct console_config *c, struct err *e);
void console_free(struct console *c); /* sends viewers what can be sent, closes them */

/* Who looks at it now, and who ever did. */
unsigned console_viewers(const struct console *c);
uint64_t console_visits(const struct console *c);

void console_output(struct console *c, const void *bytes, size_t len);
/* The guest's device has room again for input. */
void console_room(struct console *c);

/*
 * Takes `in` and `out` (may be the same descriptor; closed at the end).  `replay` sends what was
 * kept.  `typed`: bytes that were read already, at most CONSOLE_TYPED.  `escape`: byte that, typed, is not passed on but calls `escaped` (0: none).
 */
struct console_viewer_config {
    int in, out;
    bool replay;
    char escape;
    void (*escaped)(void *ctx);
    void *ctx;
    const char *typed;
    size_t ntyped;
};
int console_add_viewer(struct console *c, const struct console_viewer_config *v, struct err *e);

#endif
