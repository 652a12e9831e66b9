/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/cpu.h"
#include "core/base/err.h"
#include "vmm/cpuid.h"
#include "vmm/mem.h"

/* Below 4 GiB, above every device: only Intel hosts without unrestricted guest use these pages. */
#define TSS_ADDRESS 0xfffbd000
#define PAGE_SLOTS 64 /* memory slots behind those of the memory */
#define IDENTITY_MAP_ADDRESS 0xfffbc000ULL

/* What this VMM cannot do without; all are in any Linux since 4.x on x86. */
static const struct {
    int capability;
    const char *name;
} required[] = {
    {KVM_CAP_IRQCHIP, "in-kernel interrupt controllers"},
    {KVM_CAP_USER_MEMORY, "user memory"},
    {KVM_CAP_IOEVENTFD, "ioeventfd"},
    {KVM_CAP_IRQFD, "irqfd"},
    {KVM_CAP_EXT_CPUID, "CPUID"},
    {KVM_CAP_IMMEDIATE_EXIT, "immediate exit"},
    {KVM_CAP_READONLY_MEM, "read-only memory"},
};

static int open_device(struct err *e)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd >= 0)
        return fd;
    if (errno == EACCES)
        return err_set(e, EACCES, "/dev/kvm: no permission. Add yourself to its group "
                                  "(sudo usermod -aG kvm $USER) and log in again");
    if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
        return err_set(e, ENOENT, "there is no /dev/kvm: load the module (sudo modprobe kvm_intel "
                                  "or kvm_amd) or switch virtualisation on in the firmware");
    return err_sys(e, errno, "open /dev/kvm");
}

static int check_capabilities(struct kvm *k, struct err *e)
{
    if (!cpu_has_virtualization())
        return err_set(e, ENOTSUP, "this host's KVM works in software (PVM) and runs only kernels "
                                   "made for it: hardware virtualization (VT-x or SVM) is needed");
    for (size_t i = 0; i < ARRAY_SIZE(required); i++)
        if (ioctl(k->sys_fd, KVM_CHECK_EXTENSION, required[i].capability) <= 0)
            return err_set(e, ENOTSUP, "this host's KVM lacks %s", required[i].name);
    return 0;
}

static int create_vm(struct kvm *k, struct err *e)
{
    uint64_t identity = IDENTITY_MAP_ADDRESS;

    do
        k->vm_fd = ioctl(k->sys_fd, KVM_CREATE_VM, 0);
    while (k->vm_fd < 0 && errno == EINTR);
    if (k->vm_fd < 0)
        return err_sys(e, errno, "create a virtual machine");
    if (ioctl(k->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0 ||
        ioctl(k->vm_fd, KVM_SET_TSS_ADDR, TSS_ADDRESS) < 0)
        return err_sys(e, errno, "set KVM's own pages");
    if (ioctl(k->vm_fd, KVM_CREATE_IRQCHIP, 0) < 0)
        return err_sys(e, errno, "create the interrupt controllers");
    return 0;
}

int kvm_open(struct kvm *k, struct err *e)
{
    int r;

    *k = (struct kvm){.sys_fd = -1, .vm_fd = -1};
    r = open_device(e);
    if (r < 0)
        return r;
    k->sys_fd = r;
    if (ioctl(k->sys_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
        r = err_set(e, ENOTSUP, "/dev/kvm speaks another version of the KVM API");
    else
        r = check_capabilities(k, e);
    if (r == 0)
        r = create_vm(k, e);
    k->run_size = ioctl(k->sys_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (r < 0)
        kvm_close(k);
    return r;
}

void kvm_close(struct kvm *k)
{
    if (k->vm_fd >= 0)
        close(k->vm_fd);
    if (k->sys_fd >= 0)
        close(k->sys_fd);
    k->vm_fd = k->sys_fd = -1;
}

int kvm_add_memory(struct kvm *k, const struct mem *m, struct err *e)
{
    for (unsigned i = 0; i < m->regions; i++) {
        struct kvm_userspace_memory_region slot = {
            .slot = i,
            .flags = m->base.changed ? KVM_MEM_LOG_DIRTY_PAGES : 0,
            .guest_phys_addr = m->region[i].start.at,
            .memory_size = m->region[i].size,
            .userspace_addr = (uintptr_t)m->region[i].host,
        };

        if (ioctl(k->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
            return err_sys(e, errno, "give KVM the guest's memory");
    }
    k->logs = m->base.changed != NULL;
    return 0;
}

/* What a slot lets the guest do cannot be changed: it is made anew. */
int kvm_map_page(const struct kvm *k, unsigned number, void *page, uint64_t addr, bool writable)
{
    struct kvm_userspace_memory_region none = {.slot = PAGE_SLOTS + number}, slot = {
        .slot = PAGE_SLOTS + number,
        .flags = writable ? 0 : KVM_MEM_READONLY,
        .guest_phys_addr = addr,
        .memory_size = MEM_PAGE,
        .userspace_addr = (uintptr_t)page,
    };

    ioctl(k->vm_fd, KVM_SET_USER_MEMORY_REGION, &none); /* an error: there is none yet */
    return ioctl(k->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot) < 0 ? -errno : 0;
}

/* A bitmap of whole 64-bit words, the lowest bit first, which on x86 is a bitmap of bytes. */
static int read_slot_log(const struct kvm *k, const struct mem *m, unsigned slot, uint64_t first, struct err *e)
{
    uint64_t pages = m->region[slot].size / MEM_PAGE;
    auto_free uint64_t *bits = calloc(pages / 64 + 1, sizeof(*bits));
    struct kvm_dirty_log log = {.slot = slot, .dirty_bitmap = bits};

    if (!bits || ioctl(k->vm_fd, KVM_GET_DIRTY_LOG, &log) < 0)
        return err_sys(e, bits ? errno : ENOMEM, "read KVM's log of the pages that were written");
    for (uint64_t i = 0; i < pages; i++)
        if (bits[i / 64] & 1ULL << i % 64)
            mem_base_note(&m->base, first + i, 1);
    return 0;
}

int kvm_read_log(struct kvm *k, const struct mem *m, struct err *e)
{
    uint64_t first = 0;
    int r = 0;

    for (unsigned i = 0; i < m->regions && m->base.changed && r == 0; i++) {
        r = read_slot_log(k, m, i, first, e);
        first += m->region[i].size / MEM_PAGE;
    }
    if (r < 0)
        mem_base_note(&m->base, 0, m->size / MEM_PAGE);
    return r;
}

int kvm_supported_cpuid(const struct kvm *k, struct cpuid_table *c, struct err *e)
{
    c->nent = CPUID_ENTRIES_MAX;
    if (ioctl(k->sys_fd, KVM_GET_SUPPORTED_CPUID, c) < 0)
        return err_sys(e, errno, "read the CPUID that KVM supports");
    return 0;
}

int kvm_irqfd(struct kvm *k, int fd, uint32_t gsi, struct err *e)
{
    struct kvm_irqfd req = {.fd = (uint32_t)fd, .gsi = gsi};

    if (ioctl(k->vm_fd, KVM_IRQFD, &req) < 0)
        return err_sys(e, errno, "wire interrupt %u", gsi);
    return 0;
}

int kvm_ioeventfd(struct kvm *k, int fd, uint64_t addr, uint32_t len, struct err *e)
{
    struct kvm_ioeventfd req = {.addr = addr, .len = len, .fd = fd};

    if (ioctl(k->vm_fd, KVM_IOEVENTFD, &req) < 0)
        return err_sys(e, errno, "wire notifications of address 0x%llx", (unsigned long long)addr);
    return 0;
}

void kvm_pulse(const struct kvm *k, uint32_t gsi)
{
    struct kvm_irq_level up = {.irq = gsi, .level = 1}, down = {.irq = gsi, .level = 0};

    if (ioctl(k->vm_fd, KVM_IRQ_LINE, &up) == 0)
        ioctl(k->vm_fd, KVM_IRQ_LINE, &down);
}
