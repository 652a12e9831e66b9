/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/context_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/state.h"
#include "p9/dispatch.h"

#define PATH_SIZE 4096
#define REOPEN_FLAGS (P9_O_ACCMODE | P9_O_APPEND | P9_O_DSYNC | P9_O_SYNC | P9_O_DIRECTORY)

/* A fid as it stands in the file. */
struct record {
    uint32_t number, uid, flags;
    bool root, open, lost;
    struct p9_qid qid;
    char path[PATH_SIZE];
};

static void record_state(struct record *r, struct state *s)
{
    state_u32(s, &r->number);
    state_u32(s, &r->uid);
    state_u32(s, &r->flags);
    state_bool(s, &r->root);
    state_bool(s, &r->open);
    state_bool(s, &r->lost);
    state_u8(s, &r->qid.type);
    state_u32(s, &r->qid.version);
    state_u64(s, &r->qid.path);
    state_text(s, r->path, sizeof(r->path));
}

/* --- saving --- */

static void save_fid(struct p9_context *c, const struct p9_fid *f, struct state *s)
{
    struct record *r = calloc(1, sizeof(*r));

    if (!r) {
        state_refuse(s, "no memory for the fids of a share");
        return;
    }
    *r = (struct record){.number = f->number, .uid = f->uid, .flags = f->flags, .root = !f->parent,
                         .open = f->file != NULL, .qid = f->node->qid};
    r->lost = f->lost || f->xattr || !c->fs->ops->place ||
              c->fs->ops->place(c->fs, f->node, r->path, sizeof(r->path)) < 0;
    if (r->lost)
        r->path[0] = '\0';
    record_state(r, s);
    free(r);
}

static void save_fids(struct p9_context *c, struct state *s)
{
    for (unsigned i = 0; i < c->fids.buckets; i++)
        for (const struct p9_fid *f = c->fids.bucket[i]; f && !s->bad; f = f->next)
            save_fid(c, f, s);
}

/* --- loading --- */

static int find(struct p9_context *c, const struct record *r, struct p9_node **node)
{
    int rc = r->lost || !c->fs->ops->find ? -ESTALE : c->fs->ops->find(c->fs, r->path, r->root, node);

    if (rc == 0 && ((*node)->qid.path != r->qid.path || (*node)->qid.version != r->qid.version ||
                    (*node)->qid.type != r->qid.type)) {
        p9_node_put(c->fs, *node);
        rc = -ESTALE;
    }
    return rc;
}

/* The folder it is in, for Tremove and Trename; without it these say ESTALE as for a name that is gone. */
static void find_parent(struct p9_context *c, struct p9_fid *f, char *path)
{
    char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *kept = strdup(name);

    if (slash)
        *slash = '\0';
    if (kept && *kept && c->fs->ops->find(c->fs, slash ? path : "", false, &f->parent) == 0)
        f->name = kept;
    else
        free(kept);
}

static int open_again(struct p9_context *c, struct p9_fid *f, const struct record *r)
{
    int rc;

    if (c->export->read_only && (r->flags & P9_O_ACCMODE))
        return -EROFS; /* the share was not when it was opened, or the state is an enemy's */
    if ((rc = p9_fids_charge_file(&c->fids)) < 0)
        return rc;
    rc = c->fs->ops->open(c->fs, f->node, r->flags & REOPEN_FLAGS, &f->file);
    if (rc < 0)
        p9_fids_uncharge_file(&c->fids);
    f->flags = r->flags & REOPEN_FLAGS;
    return rc;
}

/* A fid that is lost has a node all the same, the share's root: nothing is ever asked of it. */
static struct p9_fid *make_fid(struct p9_context *c, struct record *r)
{
    struct p9_node *node = NULL;
    bool lost = find(c, r, &node) < 0;
    struct p9_fid *f;

    if (lost && c->fs->ops->attach(c->fs, "", &node) < 0)
        return NULL;
    f = p9_fid_new(&c->fids, r->number, r->uid, node, NULL, NULL);
    if (!f)
        return NULL;
    if (!lost && r->open)
        lost = open_again(c, f, r) < 0;
    if (!lost && !r->root)
        find_parent(c, f, r->path);
    f->lost = lost;
    return f;
}

static void load_fid(struct p9_context *c, struct state *s)
{
    struct record *r = calloc(1, sizeof(*r));
    struct p9_fid *f = NULL;

    if (r)
        record_state(r, s);
    if (r && !s->bad && !(f = make_fid(c, r)))
        state_refuse(s, "no memory for the fids of a share");
    if (f && p9_fids_add(&c->fids, f) < 0)
        state_refuse(s, "fid %u of a share is there twice, or there are too many", r->number);
    p9_fid_put(&c->fids, f);
    free(r);
}

void p9_context_state(struct p9_context *c, struct state *s)
{
    uint32_t msize = atomic_load(&c->msize), n = c->fids.count;
    bool own = atomic_load(&c->own);

    state_section(s, "P9FS");
    state_u32(s, &msize);
    state_bool(s, &own);
    if (msize && (msize < P9_MSIZE_MIN || msize > c->export->limits.msize))
        state_refuse(s, "messages of a share of %u bytes", msize);
    if (c->fs->ops->state)
        c->fs->ops->state(c->fs, s);
    state_count(s, &n, c->fids.max);
    if (!s->loading) {
        save_fids(c, s);
        return;
    }
    for (uint32_t i = 0; i < n && !s->bad; i++)
        load_fid(c, s);
    atomic_store(&c->msize, msize);
    atomic_store(&c->own, own);
}
