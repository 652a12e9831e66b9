/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/dispatch.h"

#include <errno.h>

#include "p9/dispatch_calls.h"

/* What may be done in haste (fs.h, `brisk`): without any wait, or if nobody else waits meanwhile. */
enum { FID = 1, MODIFIES = 2, BRISK = 4, AT_ONCE = 8 | BRISK, OWN = 16 /* of our own dialect */, LONG = 32 };

static const struct {
    int (*run)(struct p9_call *c);
    unsigned flags;
} rows[P9_TYPES] = {
    [P9_TVERSION] = {p9_run_version, 0},
    [P9_TAUTH] = {p9_run_auth, 0},
    [P9_TATTACH] = {p9_run_attach, LONG},
    [P9_TWALK] = {p9_run_walk, FID | AT_ONCE},
    [P9_TLOPEN] = {p9_run_lopen, FID | BRISK},
    [P9_TLCREATE] = {p9_run_lcreate, FID | MODIFIES | BRISK},
    [P9_TREAD] = {p9_run_read, FID | BRISK},
    [P9_TWRITE] = {p9_run_write, FID | MODIFIES | BRISK},
    [P9_TREADDIR] = {p9_run_readdir, FID | BRISK},
    [P9_TFSYNC] = {p9_run_fsync, FID | LONG},
    [P9_TLOCK] = {p9_run_lock, FID},
    [P9_TGETLOCK] = {p9_run_getlock, FID | BRISK},
    [P9_TGETATTR] = {p9_run_getattr, FID | AT_ONCE},
    [P9_TSETATTR] = {p9_run_setattr, FID | MODIFIES | BRISK},
    [P9_TSTATFS] = {p9_run_statfs, FID | BRISK},
    [P9_TREADLINK] = {p9_run_readlink, FID | AT_ONCE},
    [P9_TXATTRWALK] = {p9_run_xattrwalk, FID | BRISK},
    [P9_TXATTRCREATE] = {p9_run_xattrcreate, FID | MODIFIES | BRISK},
    [P9_TCLUNK] = {p9_run_clunk, FID | BRISK},
    [P9_TREMOVE] = {p9_run_remove, FID | BRISK}, /* refuses by itself, after the clunk */
    [P9_TRENAME] = {p9_run_rename, FID | MODIFIES | BRISK},
    [P9_TRENAMEAT] = {p9_run_renameat, FID | MODIFIES | BRISK},
    [P9_TUNLINKAT] = {p9_run_unlinkat, FID | MODIFIES | BRISK},
    [P9_TLINK] = {p9_run_link, FID | MODIFIES | BRISK},
    [P9_TMKDIR] = {p9_run_mkdir, FID | MODIFIES | BRISK},
    [P9_TMKNOD] = {p9_run_mknod, FID | MODIFIES | BRISK},
    [P9_TSYMLINK] = {p9_run_symlink, FID | MODIFIES | BRISK},
    [P9_TLOOKUP] = {p9_run_lookup, FID | AT_ONCE | OWN},
    [P9_TREOPEN] = {p9_run_reopen, FID | BRISK | OWN},
    [P9_TMAKE] = {p9_run_make, FID | MODIFIES | BRISK | OWN},
    [P9_TLIST] = {p9_run_readdir, FID | BRISK | OWN},
    [P9_TOPEN] = {p9_run_open, FID | BRISK | OWN},
};

static bool changes_data(const struct p9_msg *m)
{
    return m->type == P9_TWRITE || (m->type == P9_TSETATTR && (m->tsetattr.valid & P9_SET_SIZE)) ||
           (m->type == P9_TLOPEN && (m->tlopen.flags & P9_O_TRUNC)) ||
           (m->type == P9_TREOPEN && (m->treopen.flags & P9_O_TRUNC)) ||
           (m->type == P9_TLCREATE && (m->tlcreate.flags & P9_O_TRUNC)) ||
           ((m->type == P9_TMAKE || m->type == P9_TOPEN) && (m->tmake.flags & P9_O_TRUNC));
}

bool p9_dispatch_may(uint8_t type, enum p9_haste haste)
{
    static const unsigned wanted[] = {[P9_PATIENT] = 0, [P9_NEAR] = 0, [P9_BRISK] = BRISK, [P9_AT_ONCE] = AT_ONCE};

    return type < P9_TYPES && (rows[type].flags & wanted[haste]) == wanted[haste];
}

bool p9_dispatch_is_long(uint8_t type)
{
    return type < P9_TYPES && (rows[type].flags & LONG);
}

static bool is_apart(struct p9_fid *f)
{
    bool apart;

    pthread_mutex_lock(&f->lock);
    apart = f->node->apart;
    pthread_mutex_unlock(&f->lock);
    return apart;
}

static int run_held(struct p9_call *c, unsigned flags, int (*run)(struct p9_call *))
{
    if (c->haste != P9_PATIENT && is_apart(c->fid))
        return P9_APART;
    if (c->fid->lost && c->in->type != P9_TCLUNK)
        return -ESTALE;
    if (p9_call_ops(c)->become)
        p9_call_ops(c)->become(c->s->fs, c->fid->uid, changes_data(c->in));
    return (flags & MODIFIES) && c->s->export->read_only ? -EROFS : run(c);
}

static int run_with_fid(struct p9_call *c, unsigned flags, int (*run)(struct p9_call *))
{
    int rc;

    if (!(c->fid = p9_fids_get(&c->s->fids, c->in->fid)))
        return -EBADF;
    rc = run_held(c, flags, run);
    p9_fid_put(&c->s->fids, c->fid);
    return rc;
}

int p9_dispatch(struct p9_call *c)
{
    uint8_t type = c->in->type;

    if (type >= P9_TYPES || !rows[type].run || ((rows[type].flags & OWN) && !atomic_load(&c->s->own)))
        return -EOPNOTSUPP;
    if (type != P9_TVERSION && atomic_load(&c->s->msize) == 0)
        return -EPROTO;
    if (!p9_dispatch_may(type, c->haste))
        return P9_LATER;
    if (rows[type].flags & FID)
        return run_with_fid(c, rows[type].flags, rows[type].run);
    if (type == P9_TATTACH && p9_call_ops(c)->become)
        p9_call_ops(c)->become(c->s->fs, c->in->tattach.n_uname, false);
    return rows[type].run(c);
}
