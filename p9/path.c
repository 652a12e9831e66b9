/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"

#define LINKS_MAX 40
#define DEPTH_MAX 256
#define REST_SIZE (2 * P9_PATH_SIZE)

/* Where a walk is: the folders from the root on, each with its fid, and what is left to go. */
struct walk {
    struct p9_client *client;
    uint32_t fid[DEPTH_MAX];
    struct p9_attr attr; /* of the last */
    unsigned depth;
    unsigned links;
    char rest[REST_SIZE];
};

static void back_to(struct walk *w, unsigned depth)
{
    while (w->depth > depth)
        p9_client_clunk(w->client, w->fid[--w->depth]);
}

static int enter(struct walk *w, uint32_t from, const char *name)
{
    int rc;

    if (w->depth == DEPTH_MAX)
        return -ENAMETOOLONG;
    rc = p9_client_lookup(w->client, from, name, &w->fid[w->depth], &w->attr);
    w->depth += rc == 0;
    return rc;
}

/* The link just entered: its target comes before what is left. */
static int follow(struct walk *w)
{
    char target[P9_CLIENT_TEXT];
    auto_free char *left = strdup(w->rest);
    int rc = left ? p9_client_readlink(w->client, w->fid[w->depth - 1], target) : -ENOMEM;

    if (rc < 0)
        return rc;
    if (++w->links > LINKS_MAX)
        return -ELOOP;
    back_to(w, target[0] == '/' ? 1 : w->depth - 1);
    if (snprintf(w->rest, sizeof(w->rest), "%s/%s", target, left) >= (int)sizeof(w->rest))
        return -ENAMETOOLONG;
    return 0;
}

/* Takes the next name from what is left; false: there is none. */
static bool next_name(struct walk *w, char *name, bool *last)
{
    const char *at = w->rest + strspn(w->rest, "/");
    size_t len = strcspn(at, "/");
    const char *behind = at + len + strspn(at + len, "/");

    snprintf(name, P9_PATH_SIZE, "%.*s", (int)len, at);
    *last = *behind == '\0';
    memmove(w->rest, behind, strlen(behind) + 1);
    return len > 0;
}

static int step(struct walk *w, const char *name, bool last, bool follow_last)
{
    int rc;

    if (strcmp(name, ".") == 0)
        return 0;
    if (strcmp(name, "..") == 0) {
        back_to(w, w->depth > 1 ? w->depth - 1 : 1);
        return p9_client_getattr(w->client, w->fid[w->depth - 1], &w->attr);
    }
    rc = enter(w, w->fid[w->depth - 1], name);
    return rc == 0 && S_ISLNK(w->attr.mode) && (!last || follow_last) ? follow(w) : rc;
}

static int walk(struct walk *w, const char *path, bool follow_last)
{
    char name[P9_PATH_SIZE];
    bool last;
    int rc = enter(w, p9_client_root(w->client), NULL);

    if (rc == 0 && snprintf(w->rest, sizeof(w->rest), "%s", path) >= P9_PATH_SIZE)
        rc = -ENAMETOOLONG;
    while (rc == 0 && next_name(w, name, &last))
        rc = step(w, name, last, follow_last);
    return rc;
}

int p9_path_find(struct p9_client *c, const char *path, bool follow_last, uint32_t *fid,
                 struct p9_attr *attr)
{
    auto_free struct walk *w = calloc(1, sizeof(*w));
    int rc;

    if (!w)
        return -ENOMEM;
    w->client = c;
    rc = walk(w, path, follow_last);
    if (rc == 0) {
        *fid = w->fid[--w->depth];
        *attr = w->attr;
    }
    back_to(w, 0);
    return rc;
}

int p9_path_parent(struct p9_client *c, const char *path, uint32_t *dir, char name[P9_NAME_SIZE])
{
    auto_free char *head = strdup(path);
    struct p9_attr attr;
    char *slash;
    size_t len;
    int rc;

    if (!head)
        return -ENOMEM;
    for (len = strlen(head); len > 0 && head[len - 1] == '/'; len--)
        head[len - 1] = '\0';
    slash = strrchr(head, '/');
    len = strlen(slash ? slash + 1 : head);
    if (len == 0)
        return -EISDIR;
    if (len >= P9_NAME_SIZE)
        return -ENAMETOOLONG;
    memcpy(name, slash ? slash + 1 : head, len + 1);
    if (p9_is_dots(name))
        return -EISDIR;
    *(slash ? slash + 1 : head) = '\0';
    rc = p9_path_find(c, head, true, dir, &attr);
    if (rc == 0 && !S_ISDIR(attr.mode)) {
        p9_client_clunk(c, *dir);
        rc = -ENOTDIR;
    }
    return rc;
}
