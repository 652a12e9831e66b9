/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/source_find.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/words.h"

#define FOUND_MAX 256

struct found {
    char *path;
    long long size;
};
struct search {
    uv_work_t work;
    struct core *core;
    char *folder[4];
    struct found found[FOUND_MAX];
    unsigned count;
};

static bool is_archive(const char *name)
{
    static const char *const ends[] = {".tar",     ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2",
                                       ".tar.lz4", ".tgz",    ".txz",    ".wsl"};
    size_t len = strlen(name);

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        if (len > strlen(ends[i]) && strcmp(name + len - strlen(ends[i]), ends[i]) == 0)
            return name[0] != '.';
    return false;
}

static void take(struct search *s, const char *folder, const char *name)
{
    char *path = file_path("%s/%s", folder, name);
    struct stat st;

    if (path && s->count < FOUND_MAX && stat(path, &st) == 0 && S_ISREG(st.st_mode))
        s->found[s->count++] = (struct found){path, st.st_size};
    else
        free(path);
}

static void on_work(uv_work_t *w)
{
    struct search *s = w->data;

    for (size_t i = 0; i < ARRAY_SIZE(s->folder); i++) {
        auto_closedir DIR *d = s->folder[i] ? opendir(s->folder[i]) : NULL;
        struct dirent *e;

        while (d && (e = readdir(d)))
            if (is_archive(e->d_name))
                take(s, s->folder[i], e->d_name);
    }
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->path, ((const struct found *)b)->path);
}

static void on_done(uv_work_t *w, int status)
{
    struct search *s = w->data;
    struct core *c = s->core;
    bool wanted = status == 0 && c->watch; /* without one the core has been released meanwhile */
    char help[64], size[WORDS_TEXT];

    qsort(s->found, s->count, sizeof(*s->found), by_path);
    if (wanted) {
        model_sources_forget(&c->model);
        model_source_add(&c->model, "busybox", "the small distro that lxtop brings itself");
    }
    for (unsigned i = 0; i < s->count; i++) {
        snprintf(help, sizeof(help), "archive, %s", words_size(size, s->found[i].size));
        if (wanted && (i == 0 || strcmp(s->found[i].path, s->found[i - 1].path) != 0))
            model_source_add(&c->model, s->found[i].path, help);
    }
    if (wanted && c->changed)
        c->changed(c->changed_ctx);
    for (unsigned i = 0; i < s->count; i++)
        free(s->found[i].path);
    for (size_t i = 0; i < ARRAY_SIZE(s->folder); i++)
        free(s->folder[i]);
    free(s);
}

bool source_find(struct core *c)
{
    struct search *s = calloc(1, sizeof(*s));
    const char *home = getenv("HOME");

    if (!s)
        return false;
    s->core = c;
    s->work.data = s;
    s->folder[0] = getcwd(NULL, 0);
    s->folder[1] = file_path("%s/distros", c->paths.cache);
    s->folder[2] = home && *home ? strdup(home) : NULL;
    s->folder[3] = home && *home ? file_path("%s/Downloads", home) : NULL;
    if (uv_queue_work(c->loop, &s->work, on_work, on_done) == 0)
        return true;
    on_done(&s->work, UV_ENOMEM);
    return false;
}
