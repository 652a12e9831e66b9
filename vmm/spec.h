/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a machine is made of: lxtop-vmm's command line, which is also how core describes it.
 *
 * One table (spec.c) gives each option its name, argument, help and parser; --help prints it.
 */
#ifndef VMM_SPEC_H
#define VMM_SPEC_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define SPEC_DISKS_MAX 8
#define SPEC_CPUS_MAX 8

struct spec_disk {
    const char *path, *format, *id; /* format "raw"; id: name in stats, and the disk's serial */
    bool read_only;
};

enum spec_console { SPEC_CONSOLE_NONE, SPEC_CONSOLE_STDIO, SPEC_CONSOLE_SERIAL };
enum spec_acpi { SPEC_ACPI_AUTO, SPEC_ACPI_ON, SPEC_ACPI_OFF };

/* Strings are borrowed from argv (or cut up in place). */
struct spec {
    const char *name, *kernel, *initrd, *append;
    const char *cache, *lock, *run_file, *log, *ctl, *vsock;
    uint64_t memory; /* bytes */
    unsigned cpus;
    struct spec_disk disk[SPEC_DISKS_MAX];
    unsigned disks;
    enum spec_console console;
    enum spec_acpi acpi;
    bool serial, agent, verbose, timing;
    int ready_fd; /* -1: none */
};

enum spec_result { SPEC_RUN, SPEC_HELP, SPEC_VERSION };

/* SPEC_* or -EINVAL with what is wrong. */
int spec_parse(struct spec *s, int argc, char **argv, struct err *e);
/* The text of --help; the caller frees. */
char *spec_help(void);

#endif
