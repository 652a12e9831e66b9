/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/forward.h"
#include "core/base/program.h"
#include "core/initramfs.h"
#include "core/kernel.h"
#include "core/snapshots.h"

/* What a modular kernel needs to reach its root file system and the agent's port. */
static const char *const modules_needed[] = {
    "virtio_mmio", "virtio_blk", "virtio_console", "virtio_rng", "ext4", "crc32c_generic",
    "crc32c_intel", "9pnet_virtio", "9p", "vmw_vsock_virtio_transport", "virtio_net",
    "overlay", NULL};

/*
 * Words for every kernel: the console, quiet, resets by the keyboard port, no probing for hardware
 * that is never there, no 2 MiB for the variables of each CPU.
 */
#define COMMON_WORDS                                                                               \
    "console=hvc0 quiet panic=-1 reboot=k tsc=reliable no_timer_check random.trust_cpu=on "        \
    "cryptomgr.notests 8250.nr_uarts=0 swiotlb=noforce percpu_alloc=page"
/* Linux's COMMAND_LINE_SIZE on x86 is 2048; what is behind it is lost without a word.  lxtop-vmm
 * adds the devices and the network. */
#define LINE_MAX_BYTES (2047 - 450 - 140)
#define ZONE_MAX 64
#define STOCK_WORDS " i8042.noaux i8042.nopnp i8042.dumbkbd pci=off"

/* The host's time zone by its name, as systemd and Debian keep it; "" where it has none. */
static void host_zone(char zone[PATH_MAX])
{
    char target[PATH_MAX];
    ssize_t n = readlink("/etc/localtime", target, sizeof(target) - 1);
    char *name;

    target[n > 0 ? n : 0] = '\0';
    name = strstr(target, "zoneinfo/");
    snprintf(zone, PATH_MAX, "%s", name ? name + strlen("zoneinfo/") : "");
    if (strlen(zone) > ZONE_MAX || strpbrk(zone, " \t\n\"%"))
        *zone = '\0'; /* no word of a command line */
}

/* Of a clone: its own machine id; systemd writes a file that is empty or missing by its own word. */
static char *machine_id_words(const struct paths *p, const char *name)
{
    struct snapshots s;
    char *words;

    if (snapshots_load(p, name, &s, NULL) < 0)
        return strdup("");
    words = *s.machine_id ? file_path(" lxtop.machine_id=%s systemd.machine_id=%s", s.machine_id, s.machine_id)
                          : strdup("");
    snapshots_release(&s);
    return words;
}

static char *command_line(const struct paths *p, const char *name, const struct options *o,
                          const struct kernel *k, const char *shares)
{
    auto_free char *id = machine_id_words(p, name);
    const char *more = options_text(o, OPT_APPEND);
    char zone[PATH_MAX] = "";

    if (options_number(o, OPT_TIMEZONE) == TIMEZONE_HOST)
        host_zone(zone);
    /* systemd would take the name of the machine on which the distro was made (/etc/hostname). */
    return file_path(COMMON_WORDS "%s lxtop.hostname=%s systemd.hostname=%s%s%s%s%s%s%s",
                     k->tuned ? "" : STOCK_WORDS, name, name, id ? id : "", *zone ? " lxtop.timezone=" : "", zone,
                     shares, *more ? " " : "", more);
}

/* --- shares: an argument of lxtop-vmm and a word of the kernel's command line each --- */

/* Blanks and quotes would end the word, % begins a byte (vmm/guest/options.h). */
static void put_escaped(FILE *f, const char *path)
{
    for (; *path; path++) {
        if (*path > ' ' && *path < 0x7f && !strchr("\"%", *path))
            fputc(*path, f);
        else
            fprintf(f, "%%%02x", (unsigned char)*path);
    }
}

/* All users of the guest are one to a share that squashes: then one connection is enough for them. */
static void put_word(FILE *f, const struct share *s, unsigned number)
{
    fprintf(f, " lxtop.share=share%u,%s,%s,%s,", number, s->read_only ? "ro" : "rw",
            share_cache_name(s->cache), s->map == SHARE_MAP_SQUASH ? "any" : "user");
    put_escaped(f, s->guest);
}

static char *vmm_argument(const struct share *s, const char *folder, unsigned number)
{
    bool cached = s->cache == SHARE_CACHE_MMAP || s->cache == SHARE_CACHE_LOOSE;

    return file_path("%s,tag=share%u,map=%s:%u:%u%s%s", folder, number, share_map_name(s->map),
                     s->uid, s->gid, s->read_only ? ",ro" : "", cached ? ",cached" : "");
}

/* A folder that is not there today must not keep the distro from starting: it is left out, and told. */
static int add_share(struct boot_plan *b, const struct share *s, FILE *words, FILE *notes)
{
    const char *home = getenv("HOME");
    auto_free char *folder = share_host_folder(s, home ? home : "");
    auto_close int fd = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

    if (folder && fd < 0) {
        fprintf(notes, "%s%s is not shared: %s", ftell(notes) > 0 ? "; " : "", folder, strerror(errno));
        return 0;
    }
    b->share[b->shares] = folder ? vmm_argument(s, folder, b->shares) : NULL;
    if (!b->share[b->shares])
        return -ENOMEM;
    put_word(words, s, b->shares++);
    return 0;
}

static int plan_shares(const struct options *o, struct boot_plan *b, char **words, struct err *e)
{
    struct shares s;
    size_t len;
    FILE *w = open_memstream(words, &len), *n = open_memstream(&b->note, &len);
    int r = shares_parse(options_text(o, OPT_SHARES), &s, e);

    for (unsigned i = 0; w && n && r == 0 && i < s.n; i++)
        r = add_share(b, &s.share[i], w, n);
    shares_release(&s);
    if (w)
        fclose(w);
    if (n)
        fclose(n);
    if (r == -ENOMEM || !w || !n)
        return err_sys(e, ENOMEM, "shares");
    if (b->note && !*b->note)
        free(steal_ptr(&b->note));
    return r;
}

/* --- the network --- */

static char *net_argument(const struct options *o)
{
    struct forward list[FORWARDS_MAX];
    int n = forwards_parse(options_text(o, OPT_FORWARDS), list, NULL);
    char *text = NULL, forward[FORWARD_TEXT_MAX];
    size_t len;
    FILE *f;

    if (options_number(o, OPT_NETWORK) == NETWORK_NONE)
        return strdup("none");
    f = open_memstream(&text, &len);
    if (!f)
        return NULL;
    fprintf(f, "user%s", options_number(o, OPT_HOST_LOOPBACK) ? ",host" : "");
    if (options_number(o, OPT_AUTO_FORWARD) != AUTO_FORWARD_OFF)
        fprintf(f, ",auto=%s", option_table[OPT_AUTO_FORWARD].choices[options_number(o, OPT_AUTO_FORWARD)]);
    for (int i = 0; i < n; i++) {
        forward_format(&list[i], forward);
        fprintf(f, ",forward=%s", forward);
    }
    fclose(f);
    return text;
}

static int make_initramfs(const struct paths *p, const struct kernel *k, struct boot_plan *b,
                          struct err *e)
{
    auto_free char *guest = program_find("lxtop-guest", "LXTOP_GUEST");
    char **modules = NULL;
    int r;

    if (!guest)
        return err_set(e, ENOENT, "lxtop-guest is not installed beside lxtop, in libexec/lxtop or in PATH");
    r = kernel_module_files(k, modules_needed, &modules, e);
    if (r == 0)
        r = initramfs_make(p, guest, modules, &b->initrd, e);
    kernel_module_files_free(modules);
    return r;
}

int boot_plan_make(const struct paths *p, const char *name, const struct options *o,
                   struct boot_plan *b, struct err *e)
{
    auto_free char *shares = NULL;
    struct kernel k;
    int r = kernel_find(p, options_text(o, OPT_KERNEL), &k, e);

    *b = (struct boot_plan){0};
    if (r < 0)
        return r;
    r = make_initramfs(p, &k, b, e);
    if (r == 0)
        r = plan_shares(o, b, &shares, e);
    if (r == 0) {
        b->append = command_line(p, name, o, &k, shares);
        b->kernel = steal_ptr(&k.image);
        b->net = net_argument(o);
        if (!b->append || !b->net)
            r = err_sys(e, ENOMEM, "start %s", name);
        else if (strlen(b->append) > LINE_MAX_BYTES)
            r = err_set(e, E2BIG, "the kernel's command line takes %d bytes and would be %zu: shorten the "
                        "settings append and shares", LINE_MAX_BYTES, strlen(b->append));
    }
    kernel_release(&k);
    if (r < 0)
        boot_plan_release(b);
    return r;
}

void boot_plan_release(struct boot_plan *b)
{
    free(b->kernel);
    free(b->initrd);
    free(b->append);
    free(b->net);
    free(b->note);
    for (unsigned i = 0; i < b->shares; i++)
        free(b->share[i]);
    *b = (struct boot_plan){0};
}
