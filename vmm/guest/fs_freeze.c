/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/fs_freeze.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"

static int root_ioctl(unsigned long request)
{
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -1 : ioctl(fd, request, 0);

    if (fd >= 0)
        close(fd);
    return r;
}

void fs_freeze_begin(struct fs_freeze *f)
{
    f->until = clock_ms() + FS_FREEZE_MS;
    if (f->child > 0 || f->frozen)
        return;
    f->let_go = false;
    f->child = fork();
    if (f->child == 0)
        _exit(root_ioctl(FIFREEZE) < 0);
}

static void thaw(struct fs_freeze *f)
{
    root_ioctl(FITHAW);
    f->frozen = false;
}

bool fs_freeze_ended(struct fs_freeze *f, pid_t pid, int status, bool *ok)
{
    if (f->child <= 0 || pid != f->child)
        return false;
    f->child = 0;
    f->frozen = *ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (f->frozen && f->let_go) { /* too late */
        thaw(f);
        *ok = false;
    }
    return true;
}

void fs_freeze_thaw(struct fs_freeze *f)
{
    f->let_go = true; /* also what is only about to be frozen */
    if (f->frozen)
        thaw(f);
}

bool fs_freeze_is_busy(const struct fs_freeze *f)
{
    return f->child > 0 || f->frozen;
}

void fs_freeze_look(struct fs_freeze *f)
{
    if (fs_freeze_is_busy(f) && clock_ms() >= f->until)
        fs_freeze_thaw(f);
}
