/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/source_find.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/aside.h"
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

static void run(void *work)
{
    struct search *s = work;

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

static void search_free(void *work)
{
    struct search *s = work;

    for (unsigned i = 0; i < s->count; i++)
        free(s->found[i].path);
    for (size_t i = 0; i < ARRAY_SIZE(s->folder); i++)
        free(s->folder[i]);
    free(s);
}

static void tell(struct model *m, const struct search *s)
{
    char help[64], size[WORDS_TEXT];

    model_sources_forget(m);
    model_source_add(m, "busybox", "the small distro that lxtop brings itself");
    for (unsigned i = 0; i < s->count; i++) {
        snprintf(help, sizeof(help), "archive, %s", words_size(size, s->found[i].size));
        if (i == 0 || strcmp(s->found[i].path, s->found[i - 1].path) != 0)
            model_source_add(m, s->found[i].path, help);
    }
}

static void done(void *ctx, void *work)
{
    struct search *s = work;
    struct core *c = ctx;

    source_find_end(c);
    qsort(s->found, s->count, sizeof(*s->found), by_path);
    tell(&c->model, s);
    search_free(s);
    if (c->changed)
        c->changed(c->changed_ctx);
}

static struct search *search_new(const struct paths *p)
{
    struct search *s = calloc(1, sizeof(*s));
    const char *home = getenv("HOME");

    if (!s)
        return NULL;
    s->folder[0] = getcwd(NULL, 0);
    s->folder[1] = file_path("%s/distros", p->cache);
    s->folder[2] = home && *home ? strdup(home) : NULL;
    s->folder[3] = home && *home ? file_path("%s/Downloads", home) : NULL;
    return s;
}

bool source_find(struct core *c)
{
    static const struct aside_events ev = {run, done, search_free};
    struct search *s = c->searching ? NULL : search_new(&c->paths);

    if (!s)
        return c->searching;
    c->searching = aside_new(c->loop, &ev, c);
    if (c->searching)
        aside_give(c->searching, s);
    else
        search_free(s);
    return c->searching;
}

void source_find_end(struct core *c)
{
    aside_close(c->searching);
    c->searching = NULL;
}
