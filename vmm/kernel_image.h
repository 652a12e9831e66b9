/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel file made ready for direct boot: an ELF image, or a bzImage whose ELF payload is unpacked
 * on the host once and kept in the cache by the hash of the file, so that no guest decompresses.
 *
 * The file is untrusted: every offset and size is checked against it.
 */
#ifndef VMM_KERNEL_IMAGE_H
#define VMM_KERNEL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct mem;

struct kernel_image {
    const uint8_t *bytes; /* the ELF file, mapped read-only; or the whole bzImage when `packed` */
    size_t size;
    bool packed; /* payload in a form not known here: entered at the bzImage's own 64-bit entry */
};

/* `cache`: folder for unpacked kernels (made if missing); NULL unpacks to memory each time. */
int kernel_image_open(struct kernel_image *k, const char *path, const char *cache, struct err *e);
void kernel_image_close(struct kernel_image *k);

/* Copies it into guest memory; *entry: the 64-bit entry point, *end: first free address behind. */
int kernel_image_load(const struct kernel_image *k, const struct mem *m, uint64_t *entry,
                      uint64_t *end, struct err *e);

/* Was it built with CONFIG_ACPI? Looked up in the image's text. */
bool kernel_image_has_acpi(const struct kernel_image *k);

/* Copies the 64-bit boot protocol's setup header (from offset 0x1f1) if there is one. */
bool kernel_image_setup_header(const struct kernel_image *k, uint8_t *header, size_t size);

#endif
