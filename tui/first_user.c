/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/first_user.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/first_user.h"
#include "core/op.h"
#include "core/line.h"
#include "tui/shell.h"

#define NAME_ROOM 64
#define TRIES 3

/* Byte by byte: what is typed behind the line is the shell's.  False: the end, or a line too long. */
static bool read_line(char line[NAME_ROOM])
{
    size_t len = 0;
    char c;

    while (read(STDIN_FILENO, &c, 1) == 1) {
        if (c == '\n') {
            line[len] = '\0';
            return true;
        }
        if (len == NAME_ROOM - 1)
            return false;
        line[len++] = c;
    }
    return false;
}

/* Runs as root in the distro, on this terminal: its exit status. */
static int run_as_root(struct core *c, const char *distro, const char *const *argv, unsigned n, struct err *e)
{
    struct op_args a = {.op = OP_EXEC, .distro = distro, .words = n + 1, .folder = "/"};

    a.setting[OPT_USER] = "root";
    a.word[0] = distro;
    for (unsigned i = 0; i < n; i++)
        a.word[i + 1] = argv[i];
    return shell_run(c, &a, e);
}

static void keep(struct core *c, const char *distro, const char *name, FILE *notes)
{
    struct err e = {0};

    if (first_user_keep(c, distro, name, &e) < 0)
        line_say(notes, "%s", e.msg);
}

static void make(struct core *c, const char *distro, const char *name, FILE *notes)
{
    const char *argv[FIRST_USER_ARGS];
    struct err e = {0};
    int status;

    first_user_command(name, argv);
    status = run_as_root(c, distro, argv, FIRST_USER_ARGS, &e);
    if (status == 0) {
        keep(c, distro, name, notes);
        line_say(notes, "%s is %s's user from now on; `lxtop shell %s --user root` is root.", name, distro, distro);
    } else {
        line_say(notes, "%s was not made%s%s; this shell is root's.", name, *e.msg ? ": " : "", e.msg);
    }
}

static void ask(struct core *c, const char *distro, FILE *notes)
{
    char name[NAME_ROOM];

    for (int i = 0; i < TRIES; i++) {
        line_ask(notes, "%s has no user but root. Name of one to make, without a password; Enter for none: ", distro);
        fflush(notes);
        if (!read_line(name))
            return;
        if (!*name) {
            keep(c, distro, "root", notes);
            return;
        }
        if (first_user_name_ok(name)) {
            make(c, distro, name, notes);
            return;
        }
        line_say(notes, "'%s' is no name for a user: use a-z, 0-9, _ and -, a letter first.", name);
    }
}

/* The distro's own way.  What it made is found at the next session by its oobe.defaultUid. */
static void run_oobe(struct core *c, const char *distro, const char *command, FILE *notes)
{
    const char *argv[] = {"sh", "-c", command};
    struct first_user after;
    struct err e = {0};
    int status = run_as_root(c, distro, argv, 3, &e);

    if (status != 0)
        line_say(notes, "%s: its first-start command ended with %d; this shell is root's.", distro, status);
    else if (first_user_look(c, distro, &after, &e) == 0 && after.wanted)
        keep(c, distro, "root", notes); /* it wants none */
}

void first_user_offer(struct core *c, const char *distro, FILE *notes)
{
    struct first_user f;
    struct err e = {0};

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || first_user_look(c, distro, &f, &e) < 0 || !f.wanted)
        return;
    if (*f.command)
        run_oobe(c, distro, f.command, notes);
    else
        ask(c, distro, notes);
}
