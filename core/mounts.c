/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/guest_ports.h"
#include "core/base/program.h"
#include "core/guest.h"
#include "p9/client.h"
#include "p9/fuse.h"

#define TYPE "fuse.lxtop"
#define SOURCE "lxtop:"

/* --- Folders ------------------------------------------------------------------------------------- */

/* The last component is not looked at: it is the mount, which may answer late. */
static void make_absolute(const char *folder, char to[2 * PATH_MAX])
{
    auto_free char *copy = strdup(folder);
    size_t len = copy ? strlen(copy) : 0;
    char above[PATH_MAX], *slash;

    while (len > 1 && copy[len - 1] == '/')
        copy[--len] = '\0';
    slash = copy ? strrchr(copy, '/') : NULL;
    if (slash)
        *slash = '\0';
    to[0] = '\0';
    if (copy && realpath(slash ? (slash == copy ? "/" : copy) : ".", above))
        snprintf(to, (size_t)2 * PATH_MAX, "%s/%s", strcmp(above, "/") == 0 ? "" : above, slash ? slash + 1 : copy);
}

static const char *distro_of(const struct mntent *row)
{
    bool ours = strncmp(row->mnt_fsname, SOURCE, strlen(SOURCE)) == 0;

    return ours ? row->mnt_fsname + strlen(SOURCE) : row->mnt_fsname;
}

/* The distro that a folder shows, for the caller to free; NULL: none. */
static char *shown_on(const char *absolute)
{
    FILE *table = setmntent("/proc/self/mounts", "re");
    char text[2 * PATH_MAX], *distro = NULL;
    struct mntent row;

    while (table && !distro && getmntent_r(table, &row, text, sizeof(text)))
        if (strcmp(row.mnt_type, TYPE) == 0 && strcmp(row.mnt_dir, absolute) == 0)
            distro = strdup(distro_of(&row));
    if (table)
        endmntent(table);
    return distro;
}

/* The table of mounts comes first: a mount that hangs is not looked into. */
int mounts_check_folder(const char *folder, struct err *e)
{
    char absolute[2 * PATH_MAX];
    auto_free char *distro = NULL;
    struct stat st;

    make_absolute(folder, absolute);
    if ((distro = shown_on(absolute)))
        return err_set(e, EBUSY, "%s shows %s already; lxtop unmount %s ends that", folder, distro, folder);
    if (stat(folder, &st) < 0)
        return err_sys(e, errno, "%s", folder);
    return S_ISDIR(st.st_mode) ? 0 : err_set(e, ENOTDIR, "%s is not a folder", folder);
}

/* --- Mounting ------------------------------------------------------------------------------------ */

struct place {
    const struct paths *paths;
    const char *distro;
};

/* The background process lets go of all that its parent's reader waits for. */
static void leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = 0; fd <= 2 && null >= 0; fd++)
        dup2(null, fd);
    setsid();
    if (chdir("/") < 0)
        return;
}

/* A machine that is down says so at once, so nobody waits for it here. */
static int connect_again(void *ctx, struct err *e)
{
    const struct place *at = ctx;

    return guest_connect(at->paths, at->distro, GUEST_FILES_PORT, 0, NULL, e);
}

/* Tells by `up` how the mounting went, and serves. */
static void serve(struct place *at, const char *folder, const char *user, int up)
{
    auto_free char *source = file_path(SOURCE "%s", at->distro);
    struct err e = {0};
    struct guest_user who = {0};
    struct p9_client *client = guest_files(at->paths, at->distro, user, &who, NULL, &e);
    struct p9_mount_config config = {.client = client, .connect = connect_again, .ctx = at,
                                     .source = source, .uid = who.uid, .gid = who.gid};
    struct p9_mount *m = client && source ? p9_mount_new(&config, folder, &e) : NULL;

    leave_terminal();
    if (write(up, &e, sizeof(e)) < 0 || !m)
        return;
    close(up);
    p9_mount_run(m);
    p9_mount_free(m);
    p9_client_free(client);
}

static int wait_until_up(int up, struct err *e)
{
    ssize_t n;

    do
        n = read(up, e, sizeof(*e));
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(*e) ? -e->code
                                    : err_set(e, ECHILD, "the process of the mount ended at once");
}

int mounts_mount(const struct paths *p, const char *distro, const char *folder, const char *user,
                 struct err *e)
{
    char absolute[PATH_MAX];
    int up[2];
    pid_t pid;

    if (mounts_check_folder(folder, e) < 0)
        return -e->code;
    if (!realpath(folder, absolute))
        return err_sys(e, errno, "%s", folder);
    if (pipe2(up, O_CLOEXEC) < 0 || (pid = fork()) < 0)
        return err_sys(e, errno, "mount");
    if (pid == 0) {
        signal(SIGINT, SIG_DFL);
        close(up[0]);
        serve(&(struct place){p, distro}, absolute, user, up[1]);
        _exit(0);
    }
    close(up[1]);
    wait_until_up(up[0], e);
    close(up[0]);
    return -e->code;
}

/* --- Unmounting ---------------------------------------------------------------------------------- */

static int run_fusermount(const char *program, const char *folder, bool lazy)
{
    char *argv[] = {(char *)program, (char *)"-q", (char *)(lazy ? "-uz" : "-u"), (char *)"--",
                    (char *)folder, NULL};
    posix_spawn_file_actions_t quiet;
    int status = -1;
    pid_t pid;

    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid, program, &quiet, NULL, argv, environ) == 0)
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    posix_spawn_file_actions_destroy(&quiet);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int unmount_one(const char *folder, struct err *e)
{
    auto_free char *program = program_find("fusermount3", NULL);

    if (!program)
        return err_set(e, ENOENT, "fusermount3 is not installed");
    if (run_fusermount(program, folder, false) == 0 || run_fusermount(program, folder, true) == 0)
        return 0;
    return err_set(e, EIO, "fusermount3 does not unmount %s", folder);
}

static bool is_meant(const struct mntent *row, const char *what, const char *absolute)
{
    if (strcmp(row->mnt_type, TYPE) != 0)
        return false;
    return strcmp(row->mnt_dir, absolute) == 0 || strcmp(distro_of(row), what) == 0;
}

int mounts_unmount(const char *what, struct err *e)
{
    FILE *table = setmntent("/proc/self/mounts", "re");
    char absolute[2 * PATH_MAX], text[2 * PATH_MAX];
    struct mntent row;
    unsigned found = 0;
    int rc = 0;

    if (!table)
        return err_sys(e, errno, "read /proc/self/mounts");
    make_absolute(what, absolute);
    while (getmntent_r(table, &row, text, sizeof(text)))
        if (is_meant(&row, what, absolute)) {
            found++;
            rc = unmount_one(row.mnt_dir, e) < 0 ? -e->code : rc;
        }
    endmntent(table);
    return found ? rc : err_set(e, ENOENT, "no distro is mounted on %s, and no mount is of a distro "
                                "of that name", what);
}
