/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/shares.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "vmm/guest/agent_port.h"
#include "vmm/guest/conf.h"
#include "vmm/guest/mount_point.h"
#include "vmm/guest/options.h"

/*
 * msize: the most that the driver's 128 descriptors of a page carry, with three for what is around it.
 * locktimeout: who waits for a lock asks again each second; 30 by default (fs/9p/vfs_file.c).
 */
#define MOUNT_OPTIONS "trans=virtio,version=9p2000.L,msize=512000,locktimeout=1,access=%s,cache=%s"

struct share {
    const char *tag, *cache, *access, *path;
    bool read_only;
    unsigned long flags; /* of the distro's own choice */
};

/* %XX is a byte; anything else stays as it is. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *p = text; *p; p++) {
        char hex[3] = {0};

        if (*p == '%' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2])) {
            memcpy(hex, p + 1, 2);
            *to++ = (char)strtoul(hex, NULL, 16);
            p += 2;
        } else {
            *to++ = *p;
        }
    }
    *to = '\0';
}

/* Cuts the text up in place; false: this is no share. */
static bool parse(struct share *s, char *text)
{
    const char *mode;

    s->tag = strsep(&text, ",");
    mode = strsep(&text, ",");
    s->cache = strsep(&text, ",");
    s->access = strsep(&text, ",");
    s->path = text;
    if (!text || text[0] != '/')
        return false;
    unescape(text);
    s->read_only = strcmp(mode, "ro") == 0;
    return true;
}

static int try_mount(const struct share *s, int folder, const char *cache)
{
    unsigned long flags = MS_NOSUID | MS_NODEV | s->flags | (s->read_only ? MS_RDONLY : 0UL);
    char options[128], target[32];

    snprintf(options, sizeof(options), MOUNT_OPTIONS, s->access, cache);
    snprintf(target, sizeof(target), "/proc/self/fd/%d", folder);
    return mount(s->tag, target, "9p", flags, options) < 0 ? -errno : 0;
}

/* Kernels before 6.4 know no cache=readahead: the share is there all the same, without a cache. */
static int mount_share(const struct share *s, int port, struct err *e)
{
    auto_close int folder = mount_point_open(s->path, e);
    int r;

    if (folder < 0)
        return folder;
    r = try_mount(s, folder, s->cache);
    if (r == -EINVAL && strcmp(s->cache, "none") != 0 && try_mount(s, folder, "none") == 0) {
        agent_say(port, "note %s is mounted with cache=none: this kernel has no cache=%s", s->path,
                  s->cache);
        return 0;
    }
    return r < 0 ? err_sys(e, -r, "mount the host's folder") : 0;
}

/* The distro may have them elsewhere, and with less rights. */
static int mount_for(const struct wsl_conf *conf, const struct share *s, int port, struct err *e)
{
    auto_free char *place = conf_place(conf, s->path);
    struct share at = *s;

    at.path = place ? place : s->path;
    at.flags = conf_mount_flags(conf);
    return mount_share(&at, port, e);
}

void shares_mount(const struct guest_options *o, const struct wsl_conf *conf, int port)
{
    for (unsigned i = 0; i < o->shares; i++) {
        auto_free char *text = strdup(o->share[i]);
        struct share s;
        struct err e;

        if (!text || !parse(&s, text))
            agent_say(port, "note lxtop.share=%.200s is no share", o->share[i]);
        else if (mount_for(conf, &s, port, &e) < 0)
            agent_say(port, "note %s is not there: %s", s.path, e.msg);
    }
}
