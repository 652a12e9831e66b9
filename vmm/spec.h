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

#include "core/base/forward.h"

struct err;

#define SPEC_DISKS_MAX 8
#define SPEC_CPUS_MAX 8
#define SPEC_TAG_MAX 31
#define SPEC_SHARES_MAX 5 /* interrupts are few: devices.h */

#define SPEC_BACKING_MAX 128 /* images below that of a disk */
struct spec_image {
    const char *path, *format; /* "raw" or "qcow2" */
};
struct spec_disk {
    const char *path, *format, *id; /* id: name in stats, and the disk's serial */
    bool read_only;
    struct spec_image backing[SPEC_BACKING_MAX]; /* what it stands on, the nearest first */
    unsigned backings;
};

/* Whose the files of a share are, as the guest sees it: p9/owner.h. */
enum spec_map { SPEC_MAP_SQUASH, SPEC_MAP_XATTR, SPEC_MAP_FIXED, SPEC_MAP_PASS, SPEC_MAP_TRUST };

struct spec_share {
    const char *path, *tag; /* tag: the source of the guest's mount */
    bool read_only;
    bool cached;            /* the guest writes back what it cached (cache=mmap, cache=loose) */
    enum spec_map map;
    uint32_t uid, gid;      /* SQUASH, XATTR, FIXED: the guest's numbers of the one owner */
};

/* What becomes of a port at which the guest begins to listen: auto_forward.h. */
enum spec_auto { SPEC_AUTO_OFF, SPEC_AUTO_OFFER, SPEC_AUTO_ON };

/* A network of its own behind a NAT in user space (net_plan.h). */
struct spec_net {
    bool on;
    bool host; /* the guest reaches the host's loopback, at the gateway's address */
    struct forward forward[FORWARDS_MAX];
    unsigned forwards;
    enum spec_auto auto_forward;
};

enum spec_console { SPEC_CONSOLE_NONE, SPEC_CONSOLE_STDIO, SPEC_CONSOLE_SERIAL };
enum spec_acpi { SPEC_ACPI_AUTO, SPEC_ACPI_ON, SPEC_ACPI_OFF };

/* Strings are borrowed from argv (or cut up in place). */
struct spec {
    const char *name, *kernel, *initrd, *append;
    const char *cache, *lock, *run_file, *log, *ctl, *vsock;
    const char *suspend; /* folder to make when it is idle; NULL: it powers off */
    const char *restore; /* folder of a snapshot (snapshot.h), NULL: boot */
    uint64_t memory; /* bytes */
    unsigned cpus;
    struct spec_disk disk[SPEC_DISKS_MAX];
    unsigned disks;
    struct spec_share share[SPEC_SHARES_MAX];
    unsigned shares;
    struct spec_net net;
    enum spec_console console;
    enum spec_acpi acpi;
    bool serial, agent, verbose, timing;
    bool prepare; /* it is there only to be saved when it is ready */
    int64_t idle_ms;  /* until a machine that nobody uses ends; 0: never */
    int idle_stop_ms; /* deadline of that end */
    int ready_fd; /* -1: none */
};

enum spec_result { SPEC_RUN, SPEC_HELP, SPEC_VERSION };

/* SPEC_* or -EINVAL with what is wrong. */
int spec_parse(struct spec *s, int argc, char **argv, struct err *e);
/* The text of --help; the caller frees. */
char *spec_help(void);

#endif
