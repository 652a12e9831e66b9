/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/initramfs.h"
#include "core/kernel.h"

/* What a modular kernel needs to reach its root file system and the agent's port. */
static const char *const modules_needed[] = {
    "virtio_mmio", "virtio_blk", "virtio_console", "virtio_rng", "ext4", "crc32c_generic",
    "crc32c_intel", "9pnet_virtio", "9p", "vmw_vsock_virtio_transport", "overlay", NULL};

/*
 * Words for every kernel: the console, quiet, resets by the keyboard port, no probing for hardware
 * that is never there.
 */
#define COMMON_WORDS                                                                               \
    "console=hvc0 quiet panic=-1 reboot=k tsc=reliable no_timer_check random.trust_cpu=on "        \
    "cryptomgr.notests 8250.nr_uarts=0 swiotlb=noforce"
#define STOCK_WORDS " i8042.noaux i8042.nopnp i8042.dumbkbd pci=off"

static char *command_line(const char *name, const struct options *o, const struct kernel *k)
{
    const char *more = options_text(o, OPT_APPEND);

    /* systemd would take the name of the machine on which the distro was made (/etc/hostname). */
    return file_path(COMMON_WORDS "%s lxtop.hostname=%s systemd.hostname=%s%s%s",
                     k->tuned ? "" : STOCK_WORDS, name, name, *more ? " " : "", more);
}

static int make_initramfs(const struct paths *p, const struct kernel *k, struct boot_plan *b,
                          struct err *e)
{
    auto_free char *guest = core_find_program("lxtop-guest", "LXTOP_GUEST");
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
    struct kernel k;
    int r = kernel_find(p, options_text(o, OPT_KERNEL), &k, e);

    *b = (struct boot_plan){0};
    if (r < 0)
        return r;
    r = make_initramfs(p, &k, b, e);
    if (r == 0) {
        b->append = command_line(name, o, &k);
        b->kernel = steal_ptr(&k.image);
        b->acpi = !k.tuned;
        if (!b->append)
            r = err_sys(e, ENOMEM, "start %s", name);
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
    *b = (struct boot_plan){0};
}
