/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/kernel.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"

#define DEP_MAX (16 << 20)
#define FILES_MAX 256

void kernel_release(struct kernel *k)
{
    free(k->image);
    free(k->modules);
    *k = (struct kernel){0};
}

static bool find_tuned(const struct paths *p, struct kernel *k)
{
    k->image = file_path("%s/kernels/tuned/vmlinux", p->cache);
    k->tuned = true;
    return k->image && access(k->image, R_OK) == 0;
}

/* By hand: modules, if any, lie where distributions put them: beside /boot. */
static bool find_path(const char *path, struct kernel *k)
{
    const char *name = strrchr(path, '/'), *version = name ? strstr(name, "vmlinuz-") : NULL;
    size_t root = name ? (size_t)(name - path) : 0;

    k->image = strdup(path);
    if (root >= 5 && strncmp(name - 5, "/boot", 5) == 0 && version)
        k->modules = file_path("%.*s/lib/modules/%s", (int)root - 5, path, version + 8);
    if (k->modules && access(k->modules, R_OK) < 0) {
        free(k->modules);
        k->modules = NULL;
    }
    return k->image && access(k->image, R_OK) == 0;
}

/* A path as glob(3) takes it for itself; the caller frees. */
static char *glob_escape(const char *path)
{
    char *escaped = malloc(2 * strlen(path) + 1), *to = escaped;

    if (!escaped)
        return NULL;
    for (; *path; *to++ = *path++)
        if (strchr("*?[\\", *path))
            *to++ = '\\';
    *to = '\0';
    return escaped;
}

/* The newest by version of those that are whole: an image without its modules finds no root. */
static bool find_stock(const struct paths *p, struct kernel *k)
{
    auto_free char *cache = glob_escape(p->cache);
    auto_free char *pattern = file_path("%s/kernels/stock-*/boot/vmlinuz-*", cache ? cache : "");
    glob_t g;

    if (!cache || !pattern || glob(pattern, 0, NULL, &g) != 0)
        return false;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        struct kernel candidate = {0};

        if ((!k->image || strverscmp(g.gl_pathv[i], k->image) > 0) &&
            find_path(g.gl_pathv[i], &candidate) && candidate.modules) {
            kernel_release(k);
            *k = candidate;
        } else {
            kernel_release(&candidate);
        }
    }
    globfree(&g);
    return k->image;
}

int kernel_find(const struct paths *p, const char *wanted, struct kernel *k, struct err *e)
{
    bool automatic = strcmp(wanted, "auto") == 0;

    *k = (struct kernel){0};
    if (wanted[0] == '/') {
        if (find_path(wanted, k))
            return 0;
        kernel_release(k);
        return err_set(e, ENOENT, "kernel %s cannot be read; `lxtop set NAME kernel --remove` takes the default again", wanted);
    }
    if ((automatic || strcmp(wanted, "tuned") == 0) && find_tuned(p, k))
        return 0;
    kernel_release(k);
    if ((automatic || strcmp(wanted, "stock") == 0) && find_stock(p, k))
        return 0;
    kernel_release(k);
    return err_set(e, ENOENT, "no kernel (%s) under %s/kernels: `make kernel` builds the tuned one, "
                   "`make stock-kernel` gets Debian's", wanted, p->cache);
}

/* --- modules --- */

/* "virtio_blk" and "virtio-blk" are one name; the file's endings do not count. */
static bool is_module(const char *path, size_t len, const char *name)
{
    const char *base = memrchr(path, '/', len);
    size_t n = strlen(name);

    base = base ? base + 1 : path;
    if ((size_t)(path + len - base) <= n || base[n] != '.')
        return false;
    for (size_t i = 0; i < n; i++)
        if (base[i] != name[i] && !((base[i] == '-' || base[i] == '_') && (name[i] == '-' || name[i] == '_')))
            return false;
    return true;
}

/* The line "path: dependency dependency" of a module in modules.dep; NULL: built in or unknown. */
static const char *find_line(const char *dep, const char *name)
{
    for (const char *line = dep; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (line[strcspn(line, ":\n")] == ':' && is_module(line, strcspn(line, ":"), name))
            return line;
    return NULL;
}

static int add_file(char **files, const char *folder, const char *path, size_t len)
{
    auto_free char *full = file_path("%s/%.*s", folder, (int)len, path);
    size_t n = 0;

    if (!full)
        return -ENOMEM;
    for (; files[n]; n++)
        if (strcmp(files[n], full) == 0)
            return 0;
    if (n == FILES_MAX)
        return -E2BIG;
    files[n] = steal_ptr(&full);
    return 0;
}

/* modules.dep lists a module's needs so that the last has to be loaded first. */
static int add_with_needs(char **files, const char *folder, const char *line)
{
    const char *needs = line + strcspn(line, ":") + 1, *end = line + strcspn(line, "\n");
    int r = 0;

    for (const char *p = end; r == 0 && p > needs;) {
        const char *start = p;

        while (start > needs && start[-1] != ' ')
            start--;
        if (start < p)
            r = add_file(files, folder, start, (size_t)(p - start));
        p = start > needs ? start - 1 : needs;
    }
    return r == 0 ? add_file(files, folder, line, strcspn(line, ":")) : r;
}

int kernel_module_files(const struct kernel *k, const char *const *names, char ***files,
                        struct err *e)
{
    auto_free char *path = NULL, *dep = NULL;
    int r = 0;

    *files = calloc(FILES_MAX + 1, sizeof(char *));
    if (!*files)
        return err_sys(e, ENOMEM, "modules");
    if (!k->modules)
        return 0;
    path = file_path("%s/modules.dep", k->modules);
    r = path ? file_read(path, DEP_MAX, &dep, NULL, e) : err_sys(e, ENOMEM, "modules");
    for (size_t i = 0; r == 0 && names[i]; i++) {
        const char *line = find_line(dep, names[i]);

        if (line && (r = add_with_needs(*files, k->modules, line)) < 0)
            err_sys(e, -r, "modules of %s", k->modules);
    }
    if (r < 0) {
        kernel_module_files_free(*files);
        *files = NULL;
    }
    return r;
}

void kernel_module_files_free(char **files)
{
    for (size_t i = 0; files && files[i]; i++)
        free(files[i]);
    free(files);
}
