/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The KVM ioctls of one machine (Linux Documentation/virt/kvm/api.rst): descriptors and nothing else.
 *
 * Full in-kernel irqchip (PIC, IOAPIC, LAPICs), no PIT.  Guest memory slots follow struct mem.
 */
#ifndef VMM_KVM_H
#define VMM_KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct mem;
struct cpuid_table;

struct kvm {
    int sys_fd, vm_fd;
    bool logs;    /* the pages that are written */
    int run_size; /* bytes of the struct kvm_run mapping of a vCPU */
};

/* -ENOENT, -EACCES, -ENOTSUP say what to do about /dev/kvm. */
int kvm_open(struct kvm *k, struct err *e);
void kvm_close(struct kvm *k);
/* Where it has a base (mem_base.h) KVM logs the pages that are written; again, once it has got one. */
int kvm_add_memory(struct kvm *k, const struct mem *m, struct err *e);
/*
 * A page beside the guest's memory, from now on: not `writable`, the guest writes there as to a device.  `page` is
 * borrowed for the machine's life; one that had this number is gone. 0 or -errno.
 */
int kvm_map_page(const struct kvm *k, unsigned number, void *page, uint64_t addr, bool writable);
/* Notes in the base what the log has since it was last read; an error: it cannot be told, and all is noted. */
int kvm_read_log(struct kvm *k, const struct mem *m, struct err *e);
int kvm_supported_cpuid(const struct kvm *k, struct cpuid_table *c, struct err *e);

/* An edge on interrupt line `gsi` for each write to eventfd `fd`. */
int kvm_irqfd(struct kvm *k, int fd, uint32_t gsi, struct err *e);
/* An edge on the line now, on the caller's thread: an irqfd of a line is served by a kernel thread. */
void kvm_pulse(const struct kvm *k, uint32_t gsi);
/* Guest writes of `len` bytes at `addr` signal `fd` without leaving the kernel. */
int kvm_ioeventfd(struct kvm *k, int fd, uint64_t addr, uint32_t len, struct err *e);

#endif
