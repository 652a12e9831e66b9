/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/suspended.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"

char *suspended_folder(const struct paths *p, const char *name)
{
    return file_path("%s/distros/%s/suspended", p->data, name);
}

char *suspended_files(const struct paths *p, const char *name)
{
    auto_free char *folder = suspended_folder(p, name);

    return folder ? realpath(folder, NULL) : NULL;
}

bool suspended_exists(const struct paths *p, const char *name)
{
    auto_free char *folder = suspended_folder(p, name);

    return folder && access(folder, F_OK) == 0;
}

bool suspended_is_snapshot(const struct paths *p, const char *name)
{
    auto_free char *folder = suspended_folder(p, name);
    struct stat st;

    return folder && lstat(folder, &st) == 0 && S_ISLNK(st.st_mode) && access(folder, F_OK) == 0;
}

int suspended_at(const char *folder, const char *id, struct err *e)
{
    auto_free char *link = file_path("%s/suspended", folder), *to = file_path("memory/%s", id);

    if (!link || !to)
        return err_sys(e, ENOMEM, "%s", folder);
    if (symlink(to, link) < 0)
        return err_sys(e, errno, "make %s", link);
    return file_fsync_dir(folder, e);
}

void suspended_discard(const struct paths *p, const char *name)
{
    auto_free char *folder = suspended_folder(p, name);
    auto_free char *part = folder ? file_path("%s.part", folder) : NULL; /* lxtop-vmm was killed amid a save */

    if (folder && unlink(folder) < 0)
        file_remove_tree(folder, NULL);
    if (part)
        file_remove_tree(part, NULL);
}
