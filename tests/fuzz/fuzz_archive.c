/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile tar into a small image in memory.  Whatever is accepted has to be clean: e2fsck judges
 * every image that was finished.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/image/ext4.h"
#include "core/image/source.h"

#define IMAGE_SIZE (16UL << 20)
#define STEPS_MAX 2000 /* entries and blocks of data */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count_steps(void *ctx, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    return ++*(unsigned *)ctx > STEPS_MAX;
}

static void judge(char *image)
{
    char *argv[] = {(char *)"e2fsck", (char *)"-fn", image, NULL}, *env[] = {NULL};
    auto_close int says = memfd_create("e2fsck", MFD_CLOEXEC);
    posix_spawn_file_actions_t to;
    char words[4096];
    ssize_t len;
    pid_t pid;
    int status = 0;

    posix_spawn_file_actions_init(&to);
    posix_spawn_file_actions_adddup2(&to, says, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&to, says, STDERR_FILENO);
    if (posix_spawn(&pid, "/sbin/e2fsck", &to, NULL, argv, env) != 0)
        abort();
    posix_spawn_file_actions_destroy(&to);
    if (waitpid(pid, &status, 0) == pid && status == 0)
        return;
    len = pread(says, words, sizeof(words), 0);
    fprintf(stderr, "e2fsck finds errors, status %#x:\n%.*s\n", status, len < 0 ? 0 : (int)len, words);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_close int fd = memfd_create("tar", MFD_CLOEXEC);
    auto_free char *tar = file_path("/proc/self/fd/%d", fd);
    auto_free char *image = file_path("/dev/shm/lxtop-fuzz-%d", (int)getpid());
    unsigned steps = 0;
    struct source_progress p = {count_steps, &steps};
    struct ext4 *x;
    struct err e = {0};

    unlink(image);
    x = ext4_new(image, IMAGE_SIZE, &e);
    if (!x || file_write_all(fd, data, size, &e) < 0)
        abort();
    if (source_copy_archive(tar, x, &p, &e) == 0 && ext4_finish(x, &e) == 0) {
        ext4_free(x);
        judge(image);
    } else {
        ext4_free(x);
        if (!e.code || !*e.msg)
            abort(); /* a failure without a word */
    }
    unlink(image);
    return 0;
}
