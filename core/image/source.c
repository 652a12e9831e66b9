/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/image/source.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"

#define BUSYBOX "busybox"

int source_tell(const struct source_progress *p, uint64_t done, uint64_t total, struct err *e)
{
    if (p->fn && p->fn(p->ctx, done, total))
        return err_set(e, ECANCELED, "cancelled");
    return 0;
}

static bool is_busybox(const char *source, const struct stat *st)
{
    (void)st;
    return strcmp(source, BUSYBOX) == 0;
}

static bool is_folder(const char *source, const struct stat *st)
{
    (void)source;
    return S_ISDIR(st->st_mode);
}

static bool is_file(const char *source, const struct stat *st)
{
    (void)source;
    return S_ISREG(st->st_mode);
}

static const struct {
    bool (*fits)(const char *source, const struct stat *st);
    int (*copy)(const char *source, struct ext4 *x, const struct source_progress *p, struct err *e);
} kinds[] = {
    {is_busybox, source_copy_busybox},
    {is_folder, source_copy_folder},
    {is_file, source_copy_archive},
};

int source_copy(const char *source, struct ext4 *x, const struct source_progress *p, struct err *e)
{
    struct stat st = {0};
    int missing = stat(source, &st) < 0 ? errno : 0;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].fits(source, &st))
            return kinds[i].copy(source, x, p, e);
    if (missing)
        return err_set(e, missing, "%.200s: %s; a source is 'busybox', a root file system tar or a "
                       "folder", source, strerror(missing));
    return err_set(e, EINVAL, "%.200s is neither a tar nor a folder", source);
}
