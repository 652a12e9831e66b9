/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel files: the input, filled up with zeroes to the least size of one, opened and loaded into
 * guest memory of 64 MiB.  Entry and end lie in it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/kernel_image.h"
#include "vmm/mem.h"

#define MEMORY (64ULL << 20)
#define FILE_MIN 4096
#define HEADER_SIZE 128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(const char *path, const struct mem *m)
{
    struct kernel_image k;
    uint8_t header[HEADER_SIZE];
    uint64_t entry = 0, end = 0;

    if (kernel_image_open(&k, path, NULL, NULL) < 0)
        return;
    kernel_image_has_acpi(&k);
    kernel_image_setup_header(&k, header, sizeof(header));
    if (kernel_image_load(&k, m, &entry, &end, NULL) == 0 && (entry >= MEMORY || end > MEMORY))
        abort();
    kernel_image_close(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mem m;
    static int fd;
    char path[64];

    if (!m.regions && (mem_init(&m, MEMORY, NULL) < 0 || (fd = memfd_create("kernel", 0)) < 0))
        abort();
    if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size ||
        ftruncate(fd, size < FILE_MIN ? FILE_MIN : (off_t)size) < 0)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    load(path, &m);
    return 0;
}
