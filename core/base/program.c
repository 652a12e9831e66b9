/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/program.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/file.h"

char *program_self(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (n < 0)
        return NULL;
    path[n] = '\0';
    return strdup(path);
}

static char *runnable(char *path)
{
    if (path && access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static char *find_in(const char *folders, const char *name)
{
    auto_free char *copy = strdup(folders);
    char *rest = copy, *folder, *found = NULL;

    while (!found && (folder = strsep(&rest, ":")))
        found = *folder == '/' ? runnable(file_path("%s/%s", folder, name)) : NULL;
    return found;
}

static char *find_beside(const char *name)
{
    auto_free char *self = program_self();
    char *slash = self ? strrchr(self, '/') : NULL, *found;

    if (!slash)
        return NULL;
    *slash = '\0';
    found = runnable(file_path("%s/%s", self, name));
    return found ? found : runnable(file_path("%s/../libexec/lxtop/%s", self, name));
}

char *program_find(const char *name, const char *variable)
{
    const char *value = variable ? getenv(variable) : NULL, *path = getenv("PATH");
    char *found;

    if (value && *value)
        return runnable(strdup(value));
    found = find_beside(name);
    if (!found && path)
        found = find_in(path, name);
    return found ? found : find_in("/usr/local/sbin:/usr/sbin:/sbin", name);
}
