/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/image/ext4.h"
#include "core/image/source.h"

#define PROGRAM "/bin/busybox" /* Debian's package busybox-static */
#define PROGRAM_MAX (16UL << 20)

struct entry {
    const char *path;
    mode_t mode;
    const char *text; /* of a file */
};

static const struct entry entries[] = {
    {"bin", S_IFDIR | 0755, NULL},
    {"sbin", S_IFDIR | 0755, NULL},
    {"usr/bin", S_IFDIR | 0755, NULL},
    {"usr/sbin", S_IFDIR | 0755, NULL},
    {"dev", S_IFDIR | 0755, NULL},
    {"proc", S_IFDIR | 0555, NULL},
    {"sys", S_IFDIR | 0555, NULL},
    {"run", S_IFDIR | 0755, NULL},
    {"mnt", S_IFDIR | 0755, NULL},
    {"home", S_IFDIR | 0755, NULL},
    {"root", S_IFDIR | 0700, NULL},
    {"tmp", S_IFDIR | 01777, NULL},
    {"var/log", S_IFDIR | 0755, NULL},
    {"var/tmp", S_IFDIR | 01777, NULL},
    {"etc/init.d", S_IFDIR | 0755, NULL},
    {"etc/passwd", S_IFREG | 0644, "root:x:0:0:root:/root:/bin/sh\n"
                                   "nobody:x:65534:65534:nobody:/:/bin/false\n"},
    {"etc/shadow", S_IFREG | 0600, "root:*:::::::\nnobody:*:::::::\n"},
    {"etc/group", S_IFREG | 0644, "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"},
    /* Of one person, for trying things out: the first shell asks for no name. */
    {"etc/wsl.conf", S_IFREG | 0644, "[user]\ndefault=root\n"},
    {"etc/hosts", S_IFREG | 0644, "127.0.0.1 localhost\n::1 localhost\n"},
    {"etc/profile", S_IFREG | 0644, "export PS1='\\h:\\w\\$ '\n"},
    {"etc/os-release", S_IFREG | 0644, "ID=busybox\nNAME=BusyBox\nPRETTY_NAME=\"BusyBox, embedded in lxtop\"\n"},
    /* The console's shell is lxtop-guest's, so init has nothing to respawn. */
    {"etc/inittab", S_IFREG | 0644, "::sysinit:/etc/init.d/rcS\n::ctrlaltdel:/sbin/reboot\n"
                                    "::shutdown:/etc/init.d/rcK\n"},
    {"etc/init.d/rcS", S_IFREG | 0755, "#!/bin/sh\n"
                                       "# Runs once at the start, before anything else.\n"
                                       "for f in /etc/init.d/S*; do [ -x \"$f\" ] && \"$f\" start; done\n"
                                       "true\n"},
    /* init ends processes only after this: whoever still writes would keep the disk from being clean. */
    {"etc/init.d/rcK", S_IFREG | 0755, "#!/bin/sh\n"
                                       "# Runs once at the end: processes first, then file systems.\n"
                                       "kill -TERM -1; kill -CONT -1; usleep 200000; kill -KILL -1\n"
                                       "umount -a -r\n"},
};

static int add(struct ext4 *x, const char *path, mode_t mode, const void *bytes, size_t len,
               const char *target, struct err *e)
{
    struct ext4_attr a = {.mode = mode};
    int r;

    clock_gettime(CLOCK_REALTIME, &a.mtime);
    a.atime = a.mtime;
    r = ext4_add(x, path, &a, target, e);
    return r == 0 && len ? ext4_write(x, 0, bytes, len, e) : r;
}

static int add_entries(struct ext4 *x, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        const char *text = entries[i].text;
        int r = add(x, entries[i].path, entries[i].mode, text, text ? strlen(text) : 0, NULL, e);

        if (r < 0)
            return r;
    }
    return 0;
}

/* The program itself knows its applets: "bin/ls", "usr/sbin/chroot", one a line. */
static int add_applets(struct ext4 *x, struct err *e)
{
    FILE *list = popen(PROGRAM " --list-full", "re");
    char line[256];
    int r = list ? 0 : err_sys(e, errno, "run " PROGRAM);

    while (r == 0 && fgets(line, sizeof(line), list)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "bin/busybox") != 0)
            r = add(x, line, S_IFLNK | 0777, NULL, 0, PROGRAM, e);
    }
    if (list && pclose(list) != 0 && r == 0)
        r = err_set(e, EIO, PROGRAM " --list-full failed");
    return r;
}

int source_copy_busybox(const char *name, struct ext4 *x, const struct source_progress *p,
                        struct err *e)
{
    auto_free char *program = NULL;
    size_t len = 0;
    int r;

    (void)name;
    if (access(PROGRAM, R_OK) < 0)
        return err_set(e, ENOENT, "the embedded distro is made of " PROGRAM
                       ", which is missing: sudo apt-get install busybox-static");
    r = file_read(PROGRAM, PROGRAM_MAX, &program, &len, e);
    if (r == 0)
        r = add_entries(x, e);
    if (r == 0)
        r = add(x, "bin/busybox", S_IFREG | 0755, program, len, NULL, e);
    if (r == 0)
        r = add_applets(x, e);
    return r == 0 ? source_tell(p, len, len, e) : r;
}
