/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running machine in a folder, and back.
 *
 *     FOLDER/state     registers, interrupt controllers, clock, devices, serial port (state_file.h)
 *     FOLDER/memory    guest memory (mem_file.h)
 *
 * The folder is written under a temporary name, synced and renamed: it is there whole or not at all.
 * Its memory belongs to just that state of the disks which they had when it was written; a machine is restored
 * only where each disk is unchanged since, and memory size, CPUs, processor, kernel, command line and
 * devices are the same.  What differs is told, and nothing has happened then.
 *
 * A restored machine runs at once on a private mapping of FOLDER/memory: the file must not be changed while
 * it runs, but may be removed.  Its guest is told by the agent (vmm/agent.h): the time, new randomness.
 */
#ifndef VMM_SNAPSHOT_H
#define VMM_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "core/base/state.h"
#include "vmm/mem_base.h"

struct err;
struct vm;

#define SNAPSHOT_STATE "state"
#define SNAPSHOT_MEMORY "memory"

struct snapshot_source {
    uint8_t *bytes; /* of the state file */
    struct state state;
    int memory_fd;
};

/* A machine that is being saved. */
struct snapshot_saving {
    char *folder, *part;   /* its name, and the one under which it is made */
    int memory_fd;
    uint8_t *state;
    size_t state_len;
    uint64_t memory_bytes; /* that were written */
    struct timespec date;  /* of the memory's file, as the state tells it */
    uint64_t size;         /* bytes of memory */
    struct mem_base before; /* what of it is in an older file */
    bool rebased, kept;
};
/*
 * In two steps, the first while the vCPUs are paused and the devices quiet.  What it took is in the host's page
 * cache, where nothing that the machine does any more changes it.  The machine's memory has the new file as its
 * base from here on: the next one is what changed over this.
 */
int snapshot_take(struct vm *vm, const char *folder, struct snapshot_saving *s, struct err *e);
/* Completes and syncs it and gives it its name: until then there is none.  Any thread; the machine may run. */
int snapshot_keep(struct snapshot_saving *s, struct err *e);
/* Releases it; where it was not kept the machine's memory is over the older file again.  All zeroes are allowed. */
void snapshot_drop(struct vm *vm, struct snapshot_saving *s);

/*
 * The words of a kernel's command line that must be the same: all but those that say who the machine is, its
 * name and its machine id.
 */
void snapshot_command_line(const char *line, char *to, size_t room);

/* Opens and checks the files; nothing is taken from them yet. */
int snapshot_open(struct snapshot_source *s, const char *folder, struct err *e);
void snapshot_close(struct snapshot_source *s); /* all zeroes and memory_fd -1 are allowed */
/* Into a machine that is built, with its memory mapped and its vCPUs made but not started. */
int snapshot_load(struct snapshot_source *s, struct vm *vm, struct err *e);

#endif
