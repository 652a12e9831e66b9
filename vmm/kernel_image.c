/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/kernel_image.h"

#include <asm/bootparam.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/mem.h"
#include "vmm/unpack.h"

#define SETUP_HEADER_AT 0x1f1
#define BZIMAGE_ENTRY_64 0x200 /* behind the start of its protected-mode part */
#define BZIMAGE_LOAD_AT 0x1000000

static int map_file(const char *path, struct kernel_image *k, struct stat *st, struct err *e)
{
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *at;

    if (fd < 0 || fstat(fd, st) < 0)
        return err_sys(e, errno, "kernel %s", path);
    if (!S_ISREG(st->st_mode) || st->st_size < 4096)
        return err_set(e, EINVAL, "kernel %s: not a kernel image (an ELF vmlinux or a bzImage)", path);
    at = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
        return err_sys(e, errno, "map kernel %s", path);
    *k = (struct kernel_image){.bytes = at, .size = (size_t)st->st_size};
    return 0;
}

static bool is_elf(const uint8_t *bytes, size_t size)
{
    const Elf64_Ehdr *h = (const void *)bytes;

    return size > sizeof(*h) && memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 &&
           h->e_ident[EI_CLASS] == ELFCLASS64 && h->e_machine == EM_X86_64;
}

static bool is_bzimage(const struct kernel_image *k, struct setup_header *h)
{
    if (k->size < SETUP_HEADER_AT + sizeof(*h))
        return false;
    memcpy(h, k->bytes + SETUP_HEADER_AT, sizeof(*h));
    return h->header == 0x53726448 /* "HdrS" */ && h->version >= 0x208;
}

/* Where the protected-mode part begins (Linux boot protocol: setup_sects 0 means 4). */
static size_t protected_start(const struct setup_header *h)
{
    return ((h->setup_sects ? h->setup_sects : 4U) + 1) * 512UL;
}

static int payload_of(const struct kernel_image *k, const struct setup_header *h,
                      const uint8_t **payload, size_t *len, struct err *e)
{
    size_t start = protected_start(h) + h->payload_offset;

    if (start >= k->size || h->payload_length > k->size - start)
        return err_set(e, EBADMSG, "its header points outside of the file");
    *payload = k->bytes + start;
    *len = h->payload_length;
    return 0;
}

/* The bytes of an unpacked kernel in memory that munmap can free like a mapped file. */
static int keep_in_memory(struct kernel_image *k, const uint8_t *elf, size_t len, struct err *e)
{
    void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        return err_sys(e, errno, "unpack the kernel");
    memcpy(at, elf, len);
    munmap((void *)k->bytes, k->size);
    *k = (struct kernel_image){.bytes = at, .size = len};
    return 0;
}

static void hash_text(const uint8_t *bytes, size_t len, char text[DIGEST_TEXT])
{
    unsigned char digest[DIGEST_SIZE];

    digest_of(bytes, len, digest);
    digest_text(digest, text, DIGEST_TEXT);
}

/*
 * Hashing the file at each boot would cost more than the boot's other work; a link named by what
 * changes whenever the file does (device, inode, size, time) leads to the name by hash.
 */
static char *identity_path(const char *cache, const struct stat *st)
{
    return file_path("%s/unpacked/by-file-%lx-%lx-%lx-%lx.%09lx", cache, (long)st->st_dev,
                     (long)st->st_ino, (long)st->st_size, (long)st->st_mtim.tv_sec,
                     st->st_mtim.tv_nsec);
}

static int open_cached(struct kernel_image *k, const char *identity)
{
    struct kernel_image unpacked;
    struct stat st;

    if (map_file(identity, &unpacked, &st, NULL) < 0)
        return -ENOENT;
    if (!is_elf(unpacked.bytes, unpacked.size)) {
        kernel_image_close(&unpacked);
        return -EBADMSG;
    }
    kernel_image_close(k);
    *k = unpacked;
    return 0;
}

/*
 * Failing to keep the result costs time at the next boot and nothing else.  A file of this hash that
 * is there already is replaced: we come here only if no good one was found.
 */
static void store_cached(const char *cache, const char *identity, const struct kernel_image *packed,
                         const uint8_t *elf, size_t len)
{
    char hash[DIGEST_TEXT], target[DIGEST_TEXT + 16];
    auto_free char *folder = file_path("%s/unpacked", cache);
    auto_free char *file = NULL, *temp = file_path("%s.new", identity);

    hash_text(packed->bytes, packed->size, hash);
    snprintf(target, sizeof(target), "%s.vmlinux", hash);
    file = file_path("%s/%s", folder, target);
    if (!folder || !file || !temp || file_mkdirs(folder, 0755, NULL) < 0 ||
        file_write_atomic(file, elf, len, 0644, NULL) < 0)
        return;
    unlink(temp);
    if (symlink(target, temp) == 0)
        rename(temp, identity);
}

static int unpack_bzimage(struct kernel_image *k, const struct setup_header *h, const char *cache,
                          const char *identity, struct err *e)
{
    auto_free uint8_t *elf = NULL;
    const uint8_t *payload = NULL;
    size_t len = 0, elf_len = 0;
    int r = payload_of(k, h, &payload, &len, e);

    if (r < 0)
        return r;
    r = unpack(payload, len, &elf, &elf_len, e);
    if (r == -ENOTSUP && h->version >= 0x20c && (h->xloadflags & XLF_KERNEL_64)) {
        k->packed = true;
        return 0;
    }
    if (r < 0)
        return r;
    if (!is_elf(elf, elf_len))
        return err_set(e, EBADMSG, "its payload is not a 64-bit x86 ELF image");
    if (cache && identity)
        store_cached(cache, identity, k, elf, elf_len);
    return keep_in_memory(k, elf, elf_len, e);
}

static int open_bzimage(struct kernel_image *k, const char *cache, const struct stat *st,
                        struct err *e)
{
    struct setup_header h;
    auto_free char *identity = cache ? identity_path(cache, st) : NULL;

    if (!is_bzimage(k, &h))
        return err_set(e, EINVAL, "not a kernel image (an ELF vmlinux or a bzImage for x86-64)");
    if (identity && open_cached(k, identity) == 0)
        return 0;
    return unpack_bzimage(k, &h, cache, identity, e);
}

int kernel_image_open(struct kernel_image *k, const char *path, const char *cache, struct err *e)
{
    struct stat st;
    int r = map_file(path, k, &st, e);

    if (r < 0 || is_elf(k->bytes, k->size))
        return r;
    r = open_bzimage(k, cache, &st, e);
    if (r < 0) {
        err_wrap(e, "kernel %s", path);
        kernel_image_close(k);
    }
    return r;
}

void kernel_image_close(struct kernel_image *k)
{
    if (k->bytes)
        munmap((void *)k->bytes, k->size);
    k->bytes = NULL;
}

static int load_segment(const struct kernel_image *k, const struct mem *m, const Elf64_Phdr *p,
                        uint64_t *end, struct err *e)
{
    uint8_t *to = mem_at(m, GPA(p->p_paddr), p->p_memsz);

    if (p->p_filesz > p->p_memsz || p->p_offset > k->size || p->p_filesz > k->size - p->p_offset)
        return err_set(e, EBADMSG, "kernel: a segment lies outside of the file");
    if (!to || p->p_paddr < 0x100000)
        return err_set(e, ENOMEM, "kernel: does not fit into the guest's memory; give it more");
    memcpy(to, k->bytes + p->p_offset, p->p_filesz); /* the rest is zero: memory is fresh */
    if (p->p_paddr + p->p_memsz > *end)
        *end = p->p_paddr + p->p_memsz;
    return 0;
}

static int load_elf(const struct kernel_image *k, const struct mem *m, uint64_t *entry,
                    uint64_t *end, struct err *e)
{
    Elf64_Ehdr h;
    uint64_t table_size;

    memcpy(&h, k->bytes, sizeof(h));
    table_size = (uint64_t)h.e_phnum * sizeof(Elf64_Phdr);
    if (h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phoff > k->size ||
        table_size > k->size - h.e_phoff)
        return err_set(e, EBADMSG, "kernel: its program headers lie outside of the file");
    *entry = h.e_entry;
    *end = 0;
    for (unsigned i = 0; i < h.e_phnum; i++) {
        Elf64_Phdr p;
        int r;

        memcpy(&p, k->bytes + h.e_phoff + i * sizeof(p), sizeof(p));
        r = p.p_type == PT_LOAD ? load_segment(k, m, &p, end, e) : 0;
        if (r < 0)
            return r;
    }
    if (*end == 0 || !mem_at(m, GPA(*entry), 1))
        return err_set(e, EBADMSG, "kernel: nothing to run in it");
    return 0;
}

static int load_packed(const struct kernel_image *k, const struct mem *m, uint64_t *entry,
                       uint64_t *end, struct err *e)
{
    struct setup_header h;
    size_t start, room;
    uint8_t *to;

    memcpy(&h, k->bytes + SETUP_HEADER_AT, sizeof(h));
    start = protected_start(&h);
    if (start >= k->size)
        return err_set(e, EBADMSG, "kernel: cut short");
    room = k->size - start > h.init_size ? k->size - start : h.init_size;
    to = mem_at(m, GPA(BZIMAGE_LOAD_AT), room);
    if (!to)
        return err_set(e, ENOMEM, "kernel: does not fit into the guest's memory; give it more");
    memcpy(to, k->bytes + start, k->size - start);
    *entry = BZIMAGE_LOAD_AT + BZIMAGE_ENTRY_64;
    *end = BZIMAGE_LOAD_AT + room;
    return 0;
}

int kernel_image_load(const struct kernel_image *k, const struct mem *m, uint64_t *entry,
                      uint64_t *end, struct err *e)
{
    return k->packed ? load_packed(k, m, entry, end, e) : load_elf(k, m, entry, end, e);
}

bool kernel_image_has_acpi(const struct kernel_image *k)
{
    /* The format string of ACPICA's table headers: in every kernel with CONFIG_ACPI. */
    static const char mark[] = "RSDP 0x%8.8X%8.8X";

    return k->packed || memmem(k->bytes, k->size, mark, sizeof(mark) - 1) != NULL;
}

bool kernel_image_setup_header(const struct kernel_image *k, uint8_t *header, size_t size)
{
    struct setup_header h;

    if (!k->packed || !is_bzimage(k, &h) || size < sizeof(h))
        return false;
    memcpy(header, &h, sizeof(h));
    return true;
}
