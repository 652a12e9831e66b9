/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small 64-bit ELF kernel for tests: ELF_SIZE bytes, one PT_LOAD of ELF_TEXT bytes at 16 MiB that
 * takes ELF_MEMORY in memory.  Tests change what they like before they write it.
 */
#ifndef TESTS_UNIT_ELF_H
#define TESTS_UNIT_ELF_H

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ELF_SIZE 8192
#define ELF_TEXT_AT 4096
#define ELF_TEXT 4096
#define ELF_MEMORY 0x3000
#define ELF_LOAD_AT 0x1000000ULL

struct elf {
    Elf64_Ehdr h;
    Elf64_Phdr p[2]; /* the first is used */
    uint8_t rest[ELF_SIZE - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr)];
};

static inline void elf_init(struct elf *k)
{
    *k = (struct elf){
        .h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
              .e_type = ET_EXEC,
              .e_machine = EM_X86_64,
              .e_version = EV_CURRENT,
              .e_entry = ELF_LOAD_AT + 0x40,
              .e_phoff = sizeof(Elf64_Ehdr),
              .e_ehsize = sizeof(Elf64_Ehdr),
              .e_phentsize = sizeof(Elf64_Phdr),
              .e_phnum = 1},
        .p[0] = {.p_type = PT_LOAD, .p_offset = ELF_TEXT_AT, .p_paddr = ELF_LOAD_AT,
                 .p_filesz = ELF_TEXT, .p_memsz = ELF_MEMORY},
    };
    memset((uint8_t *)k + ELF_TEXT_AT, 0xcc, ELF_TEXT);
}

static inline int elf_write_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "w");
    int ok = f && fwrite(bytes, 1, len, f) == len;

    return f && fclose(f) == 0 && ok ? 0 : -1;
}

#endif
