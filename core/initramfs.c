/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/initramfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/file.h"

#define MEMBER_MAX (64UL << 20)
#define KEY_TEXT 33

/* --- the key: what the archive is made of, by identity of the files --- */

static void add_identity(SHA256_CTX *sha, const char *path)
{
    struct stat st = {0};
    char text[128];

    stat(path, &st);
    snprintf(text, sizeof(text), "%lx %lx %lx.%09lx", (long)st.st_ino, (long)st.st_size,
             (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    SHA256_Update(sha, path, strlen(path) + 1);
    SHA256_Update(sha, text, strlen(text) + 1);
}

static void make_key(const char *guest, char *const *modules, char key[KEY_TEXT])
{
    unsigned char digest[DIGEST_SIZE];
    SHA256_CTX sha;

    SHA256_Init(&sha);
    add_identity(&sha, guest);
    for (size_t i = 0; modules[i]; i++)
        add_identity(&sha, modules[i]);
    SHA256_Final(digest, &sha);
    digest_text(digest, key, KEY_TEXT);
}

/* --- the archive --- */

static int put(struct archive *a, const char *name, mode_t mode, const void *bytes, size_t len)
{
    struct archive_entry *entry = archive_entry_new();
    int r;

    archive_entry_set_pathname(entry, name);
    archive_entry_set_mode(entry, mode);
    archive_entry_set_size(entry, (la_int64_t)len);
    archive_entry_set_mtime(entry, 0, 0); /* the same inputs give the same bytes */
    archive_entry_set_nlink(entry, 1);
    r = archive_write_header(a, entry);
    archive_entry_free(entry);
    return r == ARCHIVE_OK && (!len || archive_write_data(a, bytes, len) == (la_ssize_t)len) ? 0 : -EIO;
}

/* A module as the kernel takes it: unpacked, if the distribution packs it. */
static int read_module(const char *path, char **bytes, size_t *len, struct err *e)
{
    struct archive *a = archive_read_new();
    struct archive_entry *entry;
    la_ssize_t n = -1;

    *bytes = malloc(MEMBER_MAX);
    archive_read_support_filter_all(a);
    archive_read_support_format_raw(a);
    if (*bytes && archive_read_open_filename(a, path, 65536) == ARCHIVE_OK &&
        archive_read_next_header(a, &entry) == ARCHIVE_OK)
        n = archive_read_data(a, *bytes, MEMBER_MAX);
    archive_read_free(a);
    if (n <= 0 || n == (la_ssize_t)MEMBER_MAX) {
        free(steal_ptr(bytes));
        return err_set(e, EIO, "module %s cannot be read", path);
    }
    *len = (size_t)n;
    return 0;
}

static int put_module(struct archive *a, unsigned number, const char *path, struct err *e)
{
    const char *base = strrchr(path, '/') + 1;
    auto_free char *name = file_path("modules/%03u-%.*s.ko", number, (int)strcspn(base, "."), base);
    auto_free char *bytes = NULL;
    size_t len = 0;
    int r = read_module(path, &bytes, &len, e);

    if (r < 0)
        return r;
    return name && put(a, name, S_IFREG | 0644, bytes, len) == 0 ? 0
                                                                 : err_set(e, EIO, "write initramfs");
}

static int put_all(struct archive *a, const char *guest, char *const *modules, struct err *e)
{
    static const char *const folders[] = {"dev", "proc", "sys", "root", "modules"};
    auto_free char *init = NULL;
    size_t len = 0;
    int r = file_read(guest, MEMBER_MAX, &init, &len, e);

    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++)
        r = put(a, folders[i], S_IFDIR | 0755, NULL, 0);
    if (r == 0)
        r = put(a, "init", S_IFREG | 0755, init, len);
    if (r < 0)
        return err_set(e, EIO, "write initramfs: %s", archive_error_string(a));
    for (unsigned i = 0; r == 0 && modules[i]; i++)
        r = put_module(a, i, modules[i], e);
    return r;
}

static la_ssize_t write_to_stream(struct archive *a, void *ctx, const void *bytes, size_t len)
{
    (void)a;
    return fwrite(bytes, 1, len, ctx) == len ? (la_ssize_t)len : -1;
}

static int write_archive(const char *path, const char *guest, char *const *modules, struct err *e)
{
    auto_free char *bytes = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&bytes, &len);
    struct archive *a = archive_write_new();
    int r;

    if (!f || !a)
        return err_sys(e, ENOMEM, "initramfs");
    archive_write_set_format_cpio_newc(a);
    archive_write_add_filter_none(a);
    archive_write_set_bytes_in_last_block(a, 1);
    archive_write_open(a, f, NULL, write_to_stream, NULL);
    r = put_all(a, guest, modules, e);
    archive_write_close(a);
    archive_write_free(a);
    fclose(f);
    return r == 0 ? file_write_atomic(path, bytes, len, 0644, e) : r;
}

int initramfs_make(const struct paths *p, const char *guest, char *const *modules, char **path,
                   struct err *e)
{
    auto_free char *folder = file_path("%s/initramfs", p->cache);
    char key[KEY_TEXT];
    int r = 0;

    make_key(guest, modules, key);
    *path = folder ? file_path("%s/%s.cpio", folder, key) : NULL;
    if (!*path)
        r = err_sys(e, ENOMEM, "initramfs");
    if (r == 0 && access(*path, R_OK) < 0) {
        r = file_mkdirs(folder, 0755, e);
        if (r == 0)
            r = write_archive(*path, guest, modules, e);
    }
    if (r < 0)
        free(steal_ptr(path));
    return r;
}
