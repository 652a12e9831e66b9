/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "vmm/ctl.h"
#include "vmm/mem.h"

typedef int set_fn(struct spec *s, char *argument, struct err *e);

static int parse_number(const char *text, uint64_t max, uint64_t *number, struct err *e)
{
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    /* strtoull would take blanks and a sign, and wrap a negative number */
    if (errno || *text < '0' || *text > '9' || *end || *number > max)
        return err_set(e, EINVAL, "'%s' is not a number up to %llu", text, (unsigned long long)max);
    return 0;
}

static int set_memory(struct spec *s, char *argument, struct err *e)
{
    static const char units[] = "KMGT";
    size_t len = strlen(argument);
    const char *unit = len ? strchr(units, argument[len - 1]) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 20;
    uint64_t number;
    int r;

    if (unit)
        argument[len - 1] = '\0';
    r = parse_number(argument, MEM_MAX, &number, e);
    if (r < 0)
        return r;
    if (number > MEM_MAX >> shift || number << shift < MEM_MIN || (number << shift) % 4096)
        return err_set(e, EINVAL, "give 64M to 1T, in K, M, G or T (without a unit: MiB)");
    s->memory = number << shift;
    return 0;
}

static int set_cpus(struct spec *s, char *argument, struct err *e)
{
    uint64_t number;
    int r = parse_number(argument, SPEC_CPUS_MAX, &number, e);

    if (r == 0 && number == 0)
        return err_set(e, EINVAL, "give 1 to %d", SPEC_CPUS_MAX);
    s->cpus = r == 0 ? (unsigned)number : s->cpus;
    return r;
}

/* PATH:FORMAT; a path may have colons. */
static int add_backing(struct spec_disk *d, char *text, struct err *e)
{
    char *colon = strrchr(text, ':');

    if (!colon || colon == text || !colon[1])
        return err_set(e, EINVAL, "'%s': state path and format, backing=base.img:raw", text);
    if (d->backings == SPEC_BACKING_MAX)
        return err_set(e, EINVAL, "at most %d images below a disk's", SPEC_BACKING_MAX);
    *colon = '\0';
    d->backing[d->backings++] = (struct spec_image){text, colon + 1};
    return 0;
}

static int disk_part(struct spec_disk *d, char *part, struct err *e)
{
    if (strncmp(part, "backing=", 8) == 0)
        return add_backing(d, part + 8, e);
    if (strcmp(part, "ro") == 0)
        d->read_only = true;
    else if (strncmp(part, "format=", 7) == 0)
        d->format = part + 7;
    else if (strncmp(part, "id=", 3) == 0)
        d->id = part + 3;
    else
        return err_set(e, EINVAL, "'%s' is not one of format=F, backing=PATH:F, ro, id=NAME", part);
    return 0;
}

static int set_disk(struct spec *s, char *argument, struct err *e)
{
    struct spec_disk *d = &s->disk[s->disks];
    char *rest = argument, *part;

    if (s->disks == SPEC_DISKS_MAX)
        return err_set(e, EINVAL, "at most %d disks", SPEC_DISKS_MAX);
    *d = (struct spec_disk){.path = strsep(&rest, ",")};
    while ((part = strsep(&rest, ",")))
        if (disk_part(d, part, e) < 0)
            return -EINVAL;
    if (!*d->path)
        return err_set(e, EINVAL, "give a path before the first comma");
    if (!d->format)
        return err_set(e, EINVAL, "state the format, it is never guessed: %s,format=raw", d->path);
    s->disks++;
    return 0;
}

static int choose(const char *argument, const char *const *words, int *choice, struct err *e)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], argument) == 0) {
            *choice = i;
            return 0;
        }
    return err_set(e, EINVAL, "'%s' is not known here", argument);
}

static int parse_map(struct spec_share *h, char *text, struct err *e)
{
    static const char *const words[] = {"squash", "xattr", "fixed", "pass", "trust", NULL};
    char *rest = text, *word = strsep(&rest, ":"), *uid = strsep(&rest, ":");
    uint64_t u = getuid(), g = getgid();
    int choice = 0, r = choose(word, words, &choice, e);

    if (r == 0 && uid && choice > SPEC_MAP_FIXED)
        return err_set(e, EINVAL, "map=%s takes no numbers", word);
    if (r == 0 && uid)
        r = parse_number(uid, UINT32_MAX - 1, &u, e);
    if (r == 0 && uid && !rest)
        return err_set(e, EINVAL, "give both numbers: map=%s:UID:GID", word);
    if (r == 0 && uid)
        r = parse_number(rest, UINT32_MAX - 1, &g, e);
    h->map = (enum spec_map)choice;
    h->uid = (uint32_t)u;
    h->gid = (uint32_t)g;
    return r;
}

static int share_part(struct spec_share *h, char *part, struct err *e)
{
    if (strcmp(part, "ro") == 0)
        h->read_only = true;
    else if (strcmp(part, "cached") == 0)
        h->cached = true;
    else if (strncmp(part, "tag=", 4) == 0)
        h->tag = part + 4;
    else if (strncmp(part, "map=", 4) == 0)
        return parse_map(h, part + 4, e);
    else
        return err_set(e, EINVAL, "'%s' is not one of tag=TAG, ro, cached, map=KIND", part);
    return 0;
}

static bool tag_is_taken(const struct spec *s, const char *tag)
{
    for (unsigned i = 0; i < s->shares; i++)
        if (strcmp(s->share[i].tag, tag) == 0)
            return true;
    return false;
}

/* A folder's name may hold commas; the options behind ,tag= may not. */
static char *find_last(char *text, const char *what)
{
    char *found = NULL;

    while ((text = strstr(text, what)))
        found = text++;
    return found;
}

static int set_share(struct spec *s, char *argument, struct err *e)
{
    struct spec_share *h = &s->share[s->shares];
    char *rest = find_last(argument, ",tag="), *part;

    if (s->shares == SPEC_SHARES_MAX)
        return err_set(e, EINVAL, "at most %d shares", SPEC_SHARES_MAX);
    if (!rest)
        return err_set(e, EINVAL, "give a folder and a tag: PATH,tag=TAG");
    *rest++ = '\0';
    *h = (struct spec_share){.path = argument, .uid = getuid(), .gid = getgid()};
    while ((part = strsep(&rest, ",")))
        if (share_part(h, part, e) < 0)
            return -EINVAL;
    if (!*h->path)
        return err_set(e, EINVAL, "give a folder before ,tag=");
    if (!*h->tag || strlen(h->tag) > SPEC_TAG_MAX)
        return err_set(e, EINVAL, "give a tag of 1 to %d bytes: %s,tag=home", SPEC_TAG_MAX, h->path);
    if (tag_is_taken(s, h->tag))
        return err_set(e, EINVAL, "there is a share with the tag '%s' already", h->tag);
    s->shares++;
    return 0;
}

static int set_auto(struct spec_net *n, const char *word, struct err *e)
{
    static const char *const words[] = {"off", "offer", "on", NULL};
    int choice = 0, r = choose(word, words, &choice, e);

    n->auto_forward = (enum spec_auto)choice;
    return r;
}

static int net_part(struct spec_net *n, const char *part, struct err *e)
{
    if (strcmp(part, "host") == 0) {
        n->host = true;
        return 0;
    }
    if (strncmp(part, "auto=", 5) == 0)
        return set_auto(n, part + 5, e);
    if (strncmp(part, "forward=", 8) != 0)
        return err_set(e, EINVAL, "'%s' is not one of host, auto=off|offer|on, forward=[HOST:]PORT:GUESTPORT[/udp]",
                       part);
    if (forwards_add(n->forward, (int)n->forwards, part + 8, e) < 0)
        return -EINVAL;
    n->forwards++;
    return 0;
}

static int set_net(struct spec *s, char *argument, struct err *e)
{
    char *rest = argument, *kind = strsep(&rest, ","), *part;

    s->net = (struct spec_net){.on = strcmp(kind, "user") == 0};
    if (!s->net.on && (strcmp(kind, "none") != 0 || rest))
        return err_set(e, EINVAL, "give none, or user and its options");
    while ((part = strsep(&rest, ",")))
        if (net_part(&s->net, part, e) < 0)
            return -EINVAL;
    return 0;
}

static int set_console(struct spec *s, char *argument, struct err *e)
{
    static const char *const words[] = {"none", "stdio", "serial", NULL};
    int choice = 0, r = choose(argument, words, &choice, e);

    s->console = (enum spec_console)choice;
    return r;
}

static int set_acpi(struct spec *s, char *argument, struct err *e)
{
    static const char *const words[] = {"auto", "on", "off", NULL};
    int choice = 0, r = choose(argument, words, &choice, e);

    s->acpi = (enum spec_acpi)choice;
    return r;
}

static int set_idle(struct spec *s, char *argument, struct err *e)
{
    char *rest = argument, *seconds = strsep(&rest, ",");
    uint64_t idle, stop = CTL_STOP_DEADLINE_MS / 1000;
    int r = parse_number(seconds, INT32_MAX, &idle, e);

    if (r == 0 && rest)
        r = parse_number(rest, 3600, &stop, e);
    if (r == 0) {
        s->idle_ms = (int64_t)idle * 1000;
        s->idle_stop_ms = (int)stop * 1000;
    }
    return r;
}

static int set_ready_fd(struct spec *s, char *argument, struct err *e)
{
    uint64_t number;
    int r = parse_number(argument, 1 << 20, &number, e);

    s->ready_fd = r == 0 ? (int)number : -1;
    return r;
}

#define STRING_OPTION(field)                                                                       \
    static int set_##field(struct spec *s, char *argument, struct err *e)                          \
    {                                                                                              \
        (void)e;                                                                                   \
        s->field = argument;                                                                       \
        return 0;                                                                                  \
    }
#define FLAG_OPTION(field)                                                                         \
    static int set_##field(struct spec *s, char *argument, struct err *e)                          \
    {                                                                                              \
        (void)argument;                                                                            \
        (void)e;                                                                                   \
        s->field = true;                                                                           \
        return 0;                                                                                  \
    }
STRING_OPTION(name)
STRING_OPTION(kernel)
STRING_OPTION(initrd)
STRING_OPTION(append)
STRING_OPTION(cache)
STRING_OPTION(lock)
STRING_OPTION(run_file)
STRING_OPTION(log)
STRING_OPTION(ctl)
STRING_OPTION(vsock)
STRING_OPTION(restore)
STRING_OPTION(suspend)
FLAG_OPTION(serial)
FLAG_OPTION(agent)
FLAG_OPTION(verbose)
FLAG_OPTION(timing)
FLAG_OPTION(prepare)

static const struct {
    const char *name, *argument, *help;
    set_fn *set;
} options[] = {
    {"--kernel", "FILE", "ELF vmlinux or bzImage (gzip, xz, lz4, zstd) to boot; required", set_kernel},
    {"--initrd", "FILE", "initial RAM disk", set_initrd},
    {"--append", "TEXT", "kernel command line", set_append},
    {"--memory", "SIZE", "guest memory, 64M to 1T (default 256M)", set_memory},
    {"--cpus", "N", "virtual CPUs, 1 to 8 (default 1)", set_cpus},
    {"--disk", "PATH,format=raw|qcow2[,backing=PATH:FORMAT]...[,ro][,id=NAME]",
     "a disk: /dev/vda, /dev/vdb ... in the order given; backing: what its image stands on, and that one\n"
     "        again, from the top down (what images name themselves is not followed)", set_disk},
    {"--share", "PATH,tag=TAG[,ro][,cached][,map=squash|xattr|fixed[:UID:GID]|pass|trust]",
     "a folder, for `mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 TAG /mnt`; cached: the\n"
     "        guest mounts it with cache=mmap or loose.  Who owns its files: squash, all are UID:GID\n"
     "        (default yours); xattr, as squash, and changes of owner are kept in attributes; fixed,\n"
     "        yours are UID:GID's and all others nobody's; pass and trust, the host's numbers, checked\n"
     "        by the host or the guest (lxtop-vmm run by root only)",
     set_share},
    {"--net", "none|user[,host][,auto=off|offer|on][,forward=[HOST:]PORT:GUESTPORT[/udp]]...",
     "user: a network behind a NAT of this user's, in a process of its own (lxtop-net); host: with the\n"
     "        host's loopback at the gateway's address; forward: a port of the host (of 127.0.0.1 unless\n"
     "        HOST is given) leads to one of the guest (default none); auto: so do, or are offered, ports at\n"
     "        which a server in the guest begins to listen, if lxtop-guest is in it",
     set_net},
    {"--console", "none|stdio|serial",
     "hvc0 or ttyS0 on this terminal; Ctrl-] stops the machine, twice forces (default none)",
     set_console},
    {"--serial", NULL, "add a serial port ttyS0 for early messages (slow)", set_serial},
    {"--acpi", "auto|on|off",
     "describe the devices by ACPI or on the command line (default: as the kernel can)", set_acpi},
    {"--name", "NAME", "name of the machine in messages", set_name},
    {"--ctl", "PATH", "control socket: JSON, one object a line", set_ctl},
    {"--vsock", "PATH",
     "add a vsock device; host programs connect to this socket and send \"CONNECT PORT\"", set_vsock},
    {"--log", "FILE", "write the console's output there too, bounded", set_log},
    {"--lock", "FILE", "hold a lock on it while the machine runs", set_lock},
    {"--run-file", "FILE", "keep state, phases of the boot and reason of the end there (JSON)",
     set_run_file},
    {"--cache", "DIR", "keep unpacked kernels there", set_cache},
    {"--agent", NULL, "add the port on which lxtop-guest reports", set_agent},
    {"--restore", "DIR",
     "go on where the machine that was saved there (command \"save\" of the control socket) stood,\n"
     "        instead of booting; the other options must describe the same machine", set_restore},
    {"--idle", "SECONDS[,DEADLINE]",
     "power the guest off once nobody has used the machine for so long, by force after DEADLINE seconds\n"
     "        more (default never; vmm/idle.h)", set_idle},
    {"--suspend", "DIR", "save the machine there when it is idle, and do not power it off", set_suspend},
    {"--prepare", NULL,
     "save it there as soon as the guest is ready, for a start at once later; it is said to be stopping", set_prepare},
    {"--ready-fd", "N", "write \"ready\" or \"error TEXT\" there once started", set_ready_fd},
    {"--timing", NULL, "print the phases of the boot on standard error at the end", set_timing},
    {"--verbose", NULL, "log more", set_verbose},
};

static int set_option(struct spec *s, int argc, char **argv, int *at, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        char *argument = NULL;

        if (strcmp(options[i].name, argv[*at]) != 0)
            continue;
        if (options[i].argument && ++*at == argc)
            return err_set(e, EINVAL, "%s needs %s", options[i].name, options[i].argument);
        if (options[i].argument)
            argument = argv[*at];
        if (options[i].set(s, argument, e) < 0)
            return err_wrap(e, "%s", options[i].name);
        return 0;
    }
    return err_set(e, EINVAL, "unknown option '%s'; --help lists them", argv[*at]);
}

int spec_parse(struct spec *s, int argc, char **argv, struct err *e)
{
    *s = (struct spec){.name = "machine", .append = "", .memory = 256ULL << 20, .cpus = 1,
                       .ready_fd = -1};
    for (int i = 1; i < argc; i++) {
        int r;

        if (strcmp(argv[i], "--help") == 0)
            return SPEC_HELP;
        if (strcmp(argv[i], "--version") == 0)
            return SPEC_VERSION;
        r = set_option(s, argc, argv, &i, e);
        if (r < 0)
            return r;
    }
    if (!s->kernel)
        return err_set(e, EINVAL, "--kernel is required; --help lists the options");
    if (s->prepare && (!s->suspend || !s->agent))
        return err_set(e, EINVAL, "--prepare needs --suspend and --agent");
    return SPEC_RUN;
}

char *spec_help(void)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    fputs("lxtop-vmm: one light virtual machine on KVM, without firmware or boot loader\n\n"
          "  lxtop-vmm --kernel vmlinux --initrd initrd.img --append 'console=hvc0' \\\n"
          "            --disk root.img,format=raw --memory 256M --cpus 2 --console stdio\n\n",
          f);
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        fprintf(f, "  %s%s%s\n        %s\n", options[i].name, options[i].argument ? " " : "",
                options[i].argument ? options[i].argument : "", options[i].help);
    fputs("  --help, --version\n\n"
          "Exit status: 0 powered off or stopped, 1 error, 2 usage, 10 stopped by force,\n"
          "11 guest reset itself, 12 guest kernel panic, 13 triple fault.\n",
          f);
    fclose(f);
    return text;
}
