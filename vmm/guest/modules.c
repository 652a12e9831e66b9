/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/base/auto.h"

static int is_visible(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static void load(const char *name)
{
    char path[300];
    auto_close int fd = -1;

    snprintf(path, sizeof(path), MODULES_DIR "/%s", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
        fprintf(stderr, "lxtop-guest: module %s: %s\n", name, strerror(errno));
}

void modules_load(void)
{
    struct dirent **list;
    int n = scandir(MODULES_DIR, &list, is_visible, alphasort);

    for (int i = 0; i < n; i++) {
        load(list[i]->d_name);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
}
