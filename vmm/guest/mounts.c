/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/guest/modules.h"
#include "vmm/guest/options.h"

#define NEW_ROOT "/root"
/* ext4's superblock (Documentation/filesystems/ext4/super.rst). */
#define EXT4_SUPERBLOCK 1024
#define EXT4_MAGIC_AT 0x38
#define EXT4_MAGIC 0xef53
#define EXT4_INCOMPAT_AT 0x60
#define EXT4_INCOMPAT_RECOVER 4

struct mount_row {
    const char *source, *target, *type;
    unsigned long flags;
    const char *data;
};

static const struct mount_row kernel_mounts[] = {
    {"dev", "/dev", "devtmpfs", MS_NOSUID, "mode=755"},
    {"proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
    {"sys", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
};
static const struct mount_row common_mounts[] = {
    {"run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=20%"},
    {"devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666"},
    {"shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"},
};
static const struct mount_row own_mounts[] = {
    {"cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, "nsdelegate"},
};

int mounts_kernel(struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(kernel_mounts); i++) {
        const struct mount_row *m = &kernel_mounts[i];

        mkdir(m->target, 0755);
        /* EBUSY: the kernel itself mounted devtmpfs (CONFIG_DEVTMPFS_MOUNT). */
        if (mount(m->source, m->target, m->type, m->flags, m->data) < 0 && errno != EBUSY)
            return err_sys(e, errno, "mount %s", m->target);
    }
    return 0;
}

static void mount_rows(const struct mount_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mkdir(rows[i].target, 0755);
        if (mount(rows[i].source, rows[i].target, rows[i].type, rows[i].flags, rows[i].data) < 0 &&
            errno != EBUSY)
            fprintf(stderr, "lxtop-guest: mount %s: %s\n", rows[i].target, strerror(errno));
    }
}

void mounts_common(void)
{
    mount_rows(common_mounts, ARRAY_SIZE(common_mounts));
}

void mounts_for_own_init(void)
{
    mount_rows(own_mounts, ARRAY_SIZE(own_mounts));
}

static void nap_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

/* Would a mount replay the journal, that is: was the file system not unmounted in order? */
static bool needs_recovery(int fd)
{
    uint8_t super[1024];

    return pread(fd, super, sizeof(super), EXT4_SUPERBLOCK) == (ssize_t)sizeof(super) &&
           le16(super + EXT4_MAGIC_AT) == EXT4_MAGIC &&
           (le16(super + EXT4_INCOMPAT_AT) & EXT4_INCOMPAT_RECOVER);
}

int mounts_wait_root(const struct guest_options *o, bool *recovered, struct err *e)
{
    for (int waited = 0; waited < ROOT_WAIT_MS; waited += 2) {
        auto_close int fd = open(o->root, O_RDONLY | O_CLOEXEC);

        if (fd >= 0) {
            *recovered = needs_recovery(fd);
            return 0;
        }
        nap_ms(2);
    }
    return err_set(e, ENODEV, "there is no root device %s", o->root);
}

static int enter(const char *root, struct err *e)
{
    if (chdir(root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
        chdir("/") < 0)
        return err_sys(e, errno, "switch to the root file system");
    return 0;
}

int mounts_switch_root(const struct guest_options *o, struct err *e)
{
    unsigned long flags = MS_RELATIME | (o->read_only ? MS_RDONLY : 0UL);
    char target[64];

    mkdir(NEW_ROOT, 0755);
    if (mount(o->root, NEW_ROOT, o->fstype, flags, NULL) < 0)
        return err_sys(e, errno, "mount %s as %s", o->root, o->fstype);
    for (size_t i = 0; i < ARRAY_SIZE(kernel_mounts); i++) {
        snprintf(target, sizeof(target), NEW_ROOT "%s", kernel_mounts[i].target);
        mkdir(target, 0755);
        if (mount(kernel_mounts[i].target, target, NULL, MS_MOVE, NULL) < 0)
            return err_sys(e, errno, "move %s into the root file system", kernel_mounts[i].target);
    }
    file_remove_tree(MODULES_DIR, NULL);
    return enter(NEW_ROOT, e);
}

/* The mount points of /proc/self/mounts, the last mounted first. */
static void unmount_all(void)
{
    auto_free char *text = NULL;
    size_t len;

    if (file_read("/proc/self/mounts", 1 << 20, &text, &len, NULL) < 0)
        return;
    while (len > 0) {
        char *line, *target;

        text[--len] = '\0'; /* the line feed */
        line = memrchr(text, '\n', len);
        line = line ? line + 1 : text;
        len = (size_t)(line - text);
        strsep(&line, " ");
        target = strsep(&line, " ");
        if (target && strcmp(target, "/") != 0 && strncmp(target, "/proc", 5) != 0)
            umount2(target, MNT_DETACH);
    }
}

void mounts_finish(void)
{
    sync();
    unmount_all();
    mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
    sync();
}
