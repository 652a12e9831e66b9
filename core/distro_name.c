/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/distro_name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/paths.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/nearest.h"

/* Not islower() and the like: those take more letters in some locales. */
static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int distro_name_check(const char *name, struct err *e)
{
    size_t len = strlen(name);
    bool ok = len >= 1 && len <= NAME_MAX_LEN && is_letter(name[0]) && name[len - 1] != '-';

    for (size_t i = 0; ok && i < len; i++)
        ok = is_letter(name[i]) || is_digit(name[i]) || name[i] == '-';
    if (ok)
        return 0;
    return err_set(e, EINVAL, "'%.80s' is no name for a distro: use a-z, 0-9 and '-', a letter first, "
                   "no '-' at the end, at most %d characters", name, NAME_MAX_LEN);
}

/* The last part of a path without what archives put behind a name. */
static void base_name(const char *source, char *name, size_t size)
{
    static const char *const endings[] = {".tar", ".tgz", ".txz", ".wsl", ".gz", ".xz",
                                          ".zst", ".bz2", ".lz4", "-rootfs", "_rootfs"};
    auto_free char *copy = strdup(source);
    char *base;
    bool cut = true;

    name[0] = '\0';
    if (!copy)
        return;
    while (*copy && copy[strlen(copy) - 1] == '/')
        copy[strlen(copy) - 1] = '\0';
    base = strrchr(copy, '/') ? strrchr(copy, '/') + 1 : copy;
    while (cut) {
        cut = false;
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
            size_t len = strlen(base), n = strlen(endings[i]);

            if (len > n && strcmp(base + len - n, endings[i]) == 0) {
                base[len - n] = '\0';
                cut = true;
            }
        }
    }
    snprintf(name, size, "%s", base);
}

static void make_valid(char *name, size_t size)
{
    size_t len = 0;

    for (const char *p = name; *p; p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;

        if (!is_letter(c) && !is_digit(c))
            c = '-';
        if (len == 0 && !is_letter(c))
            continue;
        if (c == '-' && name[len - 1] == '-')
            continue;
        name[len++] = c;
    }
    while (len && name[len - 1] == '-')
        len--;
    name[len] = '\0';
    if (!len)
        snprintf(name, size, "distro");
}

void distro_name_of(const char *source, char *name, size_t size)
{
    base_name(source, name, size);
    make_valid(name, size);
}

char *distro_name_free(const char *source, bool (*taken)(void *ctx, const char *name), void *ctx)
{
    char base[NAME_MAX_LEN - 4], name[NAME_MAX_LEN + 1];

    distro_name_of(source, base, sizeof(base));
    snprintf(name, sizeof(name), "%s", base);
    for (unsigned n = 2; taken(ctx, name) && n < 1000; n++)
        snprintf(name, sizeof(name), "%s-%u", base, n);
    return strdup(name);
}

int distro_name_unknown(const struct paths *p, const char *name, struct err *e)
{
    auto_free char *folder = file_path("%s/distros", p->data);
    auto_closedir DIR *dir = folder ? opendir(folder) : NULL;
    struct nearest n = nearest_to(name);
    struct dirent *d;

    while (dir && (d = readdir(dir)))
        if (distro_name_check(d->d_name, NULL) == 0)
            nearest_try(&n, d->d_name);
    return err_set(e, ENOENT, "there is no distro named '%.80s'%s`lxtop list` shows them", name, n.hint);
}
