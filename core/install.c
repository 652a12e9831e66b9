/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/install.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/image/ext4.h"
#include "core/image/source.h"
#include "core/store.h"

/* What is no root file system would only fail later, and less clearly, in the guest. */
static int check_root(struct ext4 *x, struct err *e)
{
    static const char *const any_of[] = {"bin/sh", "sbin/init", "usr/bin/sh", "bin/busybox"};

    for (size_t i = 0; i < ARRAY_SIZE(any_of); i++)
        if (ext4_type(x, any_of[i]))
            return 0;
    return err_set(e, EINVAL, "this is no root file system: it has neither /bin/sh nor /sbin/init");
}

static int fill_disk(const char *disk, const struct install_request *r, struct err *e)
{
    struct source_progress p = {r->progress, r->ctx};
    struct ext4 *x = ext4_new(disk, (uint64_t)options_number(r->options, OPT_DISK_SIZE), e);
    int result;

    if (!x)
        return -EIO;
    result = source_copy(r->source, x, &p, e);
    if (result == 0)
        result = check_root(x, e);
    if (result == 0)
        result = ext4_finish(x, e);
    ext4_free(x);
    return result;
}

int install_run(const struct paths *p, const struct install_request *r, struct err *e)
{
    auto_free char *disk = NULL;
    struct store_new n;
    int result = store_begin(p, r->name, &n, e);

    if (result < 0)
        return result;
    disk = file_path("%s/root.img", n.folder);
    result = disk ? fill_disk(disk, r, e) : err_sys(e, ENOMEM, "install");
    if (result == 0)
        result = store_commit(p, &n, r->source, "raw", r->options, e);
    store_abort(&n);
    return result;
}
