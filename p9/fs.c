/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/fs.h"

#include <errno.h>
#include <string.h>

struct p9_node *p9_node_get(struct p9_node *n)
{
    atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
    return n;
}

void p9_node_put(struct p9_fs *fs, struct p9_node *n)
{
    if (n && atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) == 1)
        fs->ops->node_free(fs, n);
}

struct p9_file *p9_file_get(struct p9_file *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void p9_file_put(struct p9_fs *fs, struct p9_file *f)
{
    if (f && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
        fs->ops->file_free(fs, f);
}

int p9_name_check(const struct p9_str *name, char to[P9_NAME_SIZE])
{
    int rc = p9_str_text(name, to, P9_NAME_SIZE);

    if (rc < 0)
        return rc;
    if (to[0] == '\0' || strchr(to, '/') || strcmp(to, ".") == 0 || strcmp(to, "..") == 0)
        return -EINVAL;
    return 0;
}
