/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/suspended.h"

#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/file.h"

char *suspended_folder(const struct paths *p, const char *name)
{
    return file_path("%s/distros/%s/suspended", p->data, name);
}

bool suspended_exists(const struct paths *p, const char *name)
{
    auto_free char *folder = suspended_folder(p, name);

    return folder && access(folder, F_OK) == 0;
}

void suspended_discard(const struct paths *p, const char *name)
{
    auto_free char *folder = suspended_folder(p, name);
    auto_free char *part = folder ? file_path("%s.part", folder) : NULL; /* lxtop-vmm was killed amid a save */

    if (folder)
        file_remove_tree(folder, NULL);
    if (part)
        file_remove_tree(part, NULL);
}
