/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/editor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/guest.h"
#include "tui/verb.h"

/* The first of them that is set; as people set them: words, with options. */
static const char *program(bool edit)
{
    static const char *const names[2][2] = {{"PAGER", "PAGER"}, {"VISUAL", "EDITOR"}};

    for (int i = 0; i < 2; i++) {
        const char *value = getenv(names[edit][i]);

        if (value && *value)
            return value;
    }
    return !edit ? "less" : access("/usr/bin/editor", X_OK) == 0 ? "/usr/bin/editor" : "vi"; /* Debian's alternative */
}

/* --- on the terminal --- */

struct child {
    uv_process_t process;
    bool ended;
    int64_t status;
};

static void on_exit_of(uv_process_t *p, int64_t status, int signal)
{
    struct child *c = p->data;

    c->status = signal ? 128 + signal : status;
    c->ended = true;
}

static int run_program(struct core *core, const char *path, bool edit, struct err *e)
{
    auto_free char *command = file_path("%s \"$1\"", program(edit));
    char *argv[] = {"sh", "-c", command, "lxtop", (char *)path, NULL};
    uv_stdio_container_t stdio[3];
    struct child c = {.process.data = &c};
    uv_process_options_t o = {.file = "sh", .args = argv, .stdio = stdio, .stdio_count = 3, .exit_cb = on_exit_of};
    int r;

    for (int i = 0; i < 3; i++)
        stdio[i] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = i};
    r = command ? uv_spawn(core->loop, &c.process, &o) : -ENOMEM;
    while (r == 0 && !c.ended)
        uv_run(core->loop, UV_RUN_ONCE);
    if (r == 0 && c.status)
        r = err_set(e, EIO, "%s ended with status %d", program(edit), (int)c.status);
    else if (r < 0)
        err_sys(e, -r, "%s", program(edit));
    uv_close((uv_handle_t *)&c.process, NULL);
    uv_run(core->loop, UV_RUN_NOWAIT); /* which is what closes it */
    return r;
}

/* --- there and back --- */

static int copy(struct core *c, const char *from, const char *to, struct err *e)
{
    struct op_args a = {.op = OP_COPY, .flags = FLAG_PRESERVE, .word = {from, to}, .words = 2};
    auto_free char *errors = NULL;
    size_t len;
    FILE *f = open_memstream(&errors, &len);
    const struct verb_voice voice = {.notes = f, .error = "", .progress = stderr};
    const char *place = *from == '/' ? to : from;
    char distro[GUEST_NAME_SIZE];
    const char *path;
    int status;

    if (!f)
        return err_sys(e, ENOMEM, "%s", from);
    if (guest_path(place, distro, &path))
        a.distro = distro;
    status = verb_run(c, &a, &voice);
    fclose(f);
    errors[strcspn(errors, "\n")] = '\0';
    return status == STATUS_DONE ? 0 : err_set(e, EIO, "%s", *errors ? errors : "the copy failed");
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* *kept: the file has to stay, since nobody else has what was written. */
static int edit_copy(struct core *c, const char *place, const char *path, bool edit, bool *kept, struct err *e)
{
    struct stat before, after;
    struct err why = {0};
    int r = copy(c, place, path, e);

    if (r < 0)
        return r;
    if (lstat(path, &before) < 0 || !S_ISREG(before.st_mode))
        return err_set(e, EINVAL, "%s is a link; open the file that it leads to", place);
    r = run_program(c, path, edit, e);
    if (!edit || lstat(path, &after) < 0 || same(&before, &after))
        return r;
    *kept = !S_ISREG(after.st_mode) || copy(c, path, place, &why) < 0;
    return *kept ? err_set(e, EIO, "%s is as it was: %s; what you wrote is kept in %s", place, why.msg, path) : r;
}

int editor_run(struct core *c, const char *place, bool edit, struct err *e)
{
    const char *tmp = getenv("TMPDIR"), *name = strrchr(place, '/');
    auto_free char *folder = NULL, *path = NULL;
    bool kept = false;
    int r;

    if (*place == '/')
        return run_program(c, place, edit, e);
    folder = file_path("%s/lxtop-edit-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
    if (!folder || !mkdtemp(folder))
        return err_sys(e, errno, "a folder for %s", place);
    path = file_path("%s/%s", folder, name ? name + 1 : "file");
    r = path ? edit_copy(c, place, path, edit, &kept, e) : err_sys(e, ENOMEM, "%s", place);
    if (!kept)
        file_remove_tree(folder, NULL);
    return r;
}
