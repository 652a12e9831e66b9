/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/guest/agent_port.h"
#include "vmm/guest/netlink.h"
#include "vmm/guest/options.h"

#define RESOLV_CONF "/etc/resolv.conf"
/* Where the link leads that stands in for a file that is not there: nothing of it lasts. */
#define OWN_RESOLV_CONF "/run/lxtop/resolv.conf"
#define RESOLVED_CONF "/run/systemd/resolved.conf.d/lxtop.conf"

/* One of "ADDRESS/PREFIX,GATEWAY,DNS", for IPv4, then for IPv6. */
struct plan {
    struct netlink_address address, gateway;
    unsigned prefix;
    const char *dns;
};

static void loopback_up(void)
{
    auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

    if (fd >= 0)
        ioctl(fd, SIOCSIFFLAGS, &r);
}

static bool parse_address(struct netlink_address *a, const char *text)
{
    a->v6 = strchr(text, ':') != NULL;
    return inet_pton(a->v6 ? AF_INET6 : AF_INET, text, a->bytes) == 1;
}

/* Takes three words from *rest; false: there are not three good ones. */
static bool parse_plan(struct plan *p, char **rest)
{
    char *address = strsep(rest, ","), *gateway = strsep(rest, ","), *prefix = address;

    p->dns = strsep(rest, ",");
    if (!p->dns || !strsep(&prefix, "/") || !prefix)
        return false;
    p->prefix = (unsigned)strtoul(prefix, NULL, 10);
    return parse_address(&p->address, address) && parse_address(&p->gateway, gateway);
}

/* --- the interface --- */

static bool is_virtio(const char *name)
{
    char path[PATH_MAX], target[PATH_MAX];
    ssize_t n;

    snprintf(path, sizeof(path), "/sys/class/net/%s/device/driver", name);
    n = readlink(path, target, sizeof(target) - 1);
    target[n > 0 ? n : 0] = '\0';
    return strcmp(basename(target), "virtio_net") == 0;
}

/* The index of the first, 0: there is none. */
static int find_interface(char name[IF_NAMESIZE])
{
    auto_closedir DIR *d = opendir("/sys/class/net");
    struct dirent *entry;
    int first = 0;

    while (d && (entry = readdir(d))) {
        int index = entry->d_name[0] == '.' ? 0 : (int)if_nametoindex(entry->d_name);

        if (index > 0 && (!first || index < first) && is_virtio(entry->d_name)) {
            snprintf(name, IF_NAMESIZE, "%.15s", entry->d_name);
            first = index;
        }
    }
    return first;
}

/* Sends and takes the acknowledgement: 0 or -errno. */
static int talk(int fd, const struct netlink_message *m, size_t len)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char more[256];
    } reply;

    if (send(fd, m->bytes, len, 0) < 0)
        return -errno;
    if (recv(fd, &reply, sizeof(reply), 0) < (ssize_t)(sizeof(reply.head) + sizeof(reply.error.error)))
        return -EIO;
    return reply.head.nlmsg_type == NLMSG_ERROR ? reply.error.error : -EIO;
}

static int apply(int fd, int index, const struct plan *p)
{
    struct netlink_message m;
    int r = talk(fd, &m, netlink_add_address(&m, index, &p->address, p->prefix));

    return r < 0 ? r : talk(fd, &m, netlink_add_default_route(&m, index, &p->gateway));
}

/* Documentation/networking/ip-sysctl.rst; a kernel without it does without it. */
static void set_knob(const char *family, const char *name, const char *knob, const char *value)
{
    auto_free char *path = file_path("/proc/sys/net/%s/conf/%s/%s", family, name, knob);
    auto_close int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

    if (fd >= 0)
        file_write_all(fd, value, strlen(value), NULL);
}

static int set_up(const struct plan *plans, int n)
{
    auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    char name[IF_NAMESIZE];
    struct netlink_message m;
    int index = find_interface(name), r;

    if (fd < 0 || index == 0)
        return fd < 0 ? -errno : -ENODEV;
    set_knob("ipv6", name, "accept_ra", "0"); /* the addresses are known: what it would add is a second one, later */
    set_knob("ipv4", name, "route_localnet", "1"); /* forwards lead to servers at 127.0.0.1, too (vmm/net/loopback.h) */
    r = talk(fd, &m, netlink_link_up(&m, index));
    for (int i = 0; i < n && r == 0; i++) {
        r = apply(fd, index, &plans[i]);
        if (r < 0 && plans[i].address.v6)
            r = 0; /* a kernel without IPv6 does without it */
    }
    return r;
}

/* --- the resolver --- */

/* Does the file name no one at all: missing, empty (as in many images), a link to nowhere? */
static bool is_free(const char *path)
{
    struct stat s;

    return stat(path, &s) < 0 ? errno == ENOENT : S_ISREG(s.st_mode) && s.st_size == 0;
}

static void write_file(const char *path, const char *text)
{
    auto_free char *folder = strdup(path);
    auto_close int fd = -1;

    if (folder)
        file_mkdirs(dirname(folder), 0755, NULL);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644); /* a FIFO must not hang */
    if (fd < 0 || file_write_all(fd, text, strlen(text), NULL) < 0)
        fprintf(stderr, "lxtop-guest: %s: %s\n", path, strerror(errno));
}

/* A link to nowhere stays, and what it leads to is made: systemd-resolved has its own later. */
static void fill_resolv_conf(const char *text)
{
    char target[PATH_MAX];
    ssize_t n = readlink(RESOLV_CONF, target, sizeof(target) - 1);

    if (n < 0 && (unlink(RESOLV_CONF) == 0 || errno == ENOENT) &&
        symlink(".." OWN_RESOLV_CONF, RESOLV_CONF) == 0)
        n = snprintf(target, sizeof(target), "%s", OWN_RESOLV_CONF);
    if (n < 0)
        return; /* a root file system that is read-only */
    target[n] = '\0';
    if (chdir("/etc") == 0)
        write_file(target, text);
    if (chdir("/") < 0)
        perror("lxtop-guest: /");
}

static void set_resolver(const struct plan *plans, int n)
{
    auto_free char *lines = file_path("# written by lxtop-guest at each start: the host's resolver\n"
                                      "nameserver %s\n%s%s%s", plans[0].dns, n > 1 ? "nameserver " : "",
                                      n > 1 ? plans[1].dns : "", n > 1 ? "\n" : "");
    auto_free char *resolved = file_path("[Resolve]\nDNS=%s\n", plans[0].dns);

    if (!lines || !resolved)
        return;
    write_file(RESOLVED_CONF, resolved);
    if (is_free(RESOLV_CONF))
        fill_resolv_conf(lines);
}

void net_start(const struct guest_options *o, bool resolver, int port)
{
    auto_free char *text = strdup(o->net);
    char *rest = text;
    struct plan plans[2];
    int n = 0, r;

    loopback_up();
    while (n < 2 && text && *text && parse_plan(&plans[n], &rest))
        n++;
    if (n == 0)
        return;
    r = set_up(plans, n);
    if (r < 0)
        agent_say(port, "note the network could not be set up: %s", strerror(-r));
    if (resolver)
        set_resolver(plans, n);
}
