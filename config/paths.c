/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/paths.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"

static const struct {
    const char *variable, *below_home;
    size_t offset;
} rows[] = {
    {"XDG_DATA_HOME", ".local/share", offsetof(struct paths, data)},
    {"XDG_STATE_HOME", ".local/state", offsetof(struct paths, state)},
    {"XDG_CACHE_HOME", ".cache", offsetof(struct paths, cache)},
    {"XDG_CONFIG_HOME", ".config", offsetof(struct paths, config)},
};

/* The specification has relative values ignored. */
static const char *absolute_variable(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] == '/' ? value : NULL;
}

static int set_row(struct paths *p, size_t i, const char *home)
{
    const char *value = absolute_variable(rows[i].variable);
    char **to = (char **)(void *)((char *)p + rows[i].offset);

    *to = value ? file_path("%s/lxtop", value) : file_path("%s/%s/lxtop", home, rows[i].below_home);
    return *to ? 0 : -ENOMEM;
}

/* A folder in /tmp that somebody else made could be theirs to read; so make it, then judge it. */
static int make_private(const char *path, struct err *e)
{
    struct stat st;

    if ((mkdir(path, 0700) < 0 && errno != EEXIST) || lstat(path, &st) < 0)
        return err_sys(e, errno, "make folder %s", path);
    if (!S_ISDIR(st.st_mode) || st.st_uid != getuid() || (st.st_mode & 077))
        return err_set(e, EPERM, "%s is not a private folder of yours; remove it or set "
                       "XDG_RUNTIME_DIR", path);
    return 0;
}

static int set_runtime(struct paths *p, struct err *e)
{
    const char *value = absolute_variable("XDG_RUNTIME_DIR");

    p->runtime = value ? file_path("%s/lxtop", value) : file_path("/tmp/lxtop-%u", getuid());
    if (!p->runtime)
        return err_sys(e, ENOMEM, "paths");
    return value ? 0 : make_private(p->runtime, e);
}

int paths_init(struct paths *p, struct err *e)
{
    const char *home = absolute_variable("HOME");
    int r = 0;

    *p = (struct paths){0};
    if (!home)
        return err_set(e, ENOENT, "HOME is not set to an absolute path");
    for (size_t i = 0; i < ARRAY_SIZE(rows) && r == 0; i++)
        r = set_row(p, i, home);
    r = r < 0 ? err_sys(e, ENOMEM, "paths") : set_runtime(p, e);
    if (r < 0)
        paths_release(p);
    return r;
}

bool paths_copy(struct paths *to, const struct paths *from)
{
    *to = (struct paths){.data = strdup(from->data), .state = strdup(from->state), .cache = strdup(from->cache),
                         .config = strdup(from->config), .runtime = strdup(from->runtime)};
    return to->data && to->state && to->cache && to->config && to->runtime;
}

void paths_release(struct paths *p)
{
    free(p->data);
    free(p->state);
    free(p->cache);
    free(p->config);
    free(p->runtime);
    *p = (struct paths){0};
}

char *paths_in_home(const char *word)
{
    const char *home = getenv("HOME");

    return word[0] == '~' && (!word[1] || word[1] == '/') && home ? file_path("%s%s", home, word + 1) : NULL;
}
