/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/timezone.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/file.h"

#define ZONEINFO "zoneinfo/"

/* "Area/City", nothing that leads out of the folder of zones. */
static bool is_zone(const char *zone)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";

    return *zone && *zone != '/' && zone[strspn(zone, letters)] == '\0' && zone[strlen(zone) - 1] != '/';
}

/* The zone that /etc/localtime leads to: "" where there is none, "?" for one that has no name. */
static void read_zone(const char *root, char zone[PATH_MAX])
{
    auto_free char *path = file_path("%setc/localtime", root);
    char target[PATH_MAX];
    ssize_t n = path ? readlink(path, target, sizeof(target) - 1) : -1;
    char *name;

    target[n > 0 ? n : 0] = '\0';
    name = strstr(target, ZONEINFO);
    if (n < 0)
        snprintf(zone, PATH_MAX, "%s", path && access(path, F_OK) == 0 ? "?" : "");
    else
        snprintf(zone, PATH_MAX, "%s", name ? name + strlen(ZONEINFO) : "?");
}

static bool is_utc(const char *zone)
{
    static const char *const names[] = {"", "UTC", "Etc/UTC", "Etc/UCT", "UCT", "Universal", "Etc/Universal"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], zone) == 0)
            return true;
    return false;
}

static bool is_ours(const char *root, const char *zone)
{
    auto_free char *path = file_path("%s" TIMEZONE_RECORD, root);
    auto_free char *record = NULL;

    if (!path || file_read(path, PATH_MAX, &record, NULL, NULL) < 0)
        return is_utc(zone);
    record[strcspn(record, "\n")] = '\0';
    return strcmp(record, zone) == 0;
}

/* The link is replaced, not what it leads to. */
static bool set_link(const char *root, const char *zone)
{
    auto_free char *path = file_path("%setc/localtime", root);
    auto_free char *fresh = file_path("%setc/.localtime.lxtop", root);
    auto_free char *target = file_path("/usr/share/" ZONEINFO "%s", zone);

    if (!path || !fresh || !target)
        return false;
    unlink(fresh);
    return symlink(target, fresh) == 0 && rename(fresh, path) == 0;
}

static void set_name(const char *root, const char *zone)
{
    auto_free char *path = file_path("%setc/timezone", root);
    auto_free char *line = file_path("%s\n", zone);

    if (path && line && access(path, F_OK) == 0)
        file_write_atomic(path, line, strlen(line), 0644, NULL);
}

static bool remember(const char *root, const char *zone)
{
    auto_free char *folder = file_path("%svar/lib/lxtop", root);
    auto_free char *path = file_path("%s" TIMEZONE_RECORD, root);
    auto_free char *line = file_path("%s\n", zone);

    return folder && path && line && file_mkdirs(folder, 0755, NULL) == 0 &&
           file_write_atomic(path, line, strlen(line), 0644, NULL) == 0;
}

/* Remembered first: should the link not come to be, the old zone is none of ours, and stays. */
bool timezone_follow(const char *root, const char *zone)
{
    auto_free char *data = file_path("%susr/share/" ZONEINFO "%s", root, zone);
    char now[PATH_MAX];
    struct stat s;

    if (!is_zone(zone) || !data || stat(data, &s) < 0 || !S_ISREG(s.st_mode))
        return false;
    read_zone(root, now);
    if (strcmp(now, zone) == 0)
        return true;
    if (!is_ours(root, now) || !remember(root, zone) || !set_link(root, zone))
        return false;
    set_name(root, zone);
    return true;
}
