/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the surfaces read: plain data, filled by watch.c, never changed by a view.
 *
 * Rows are sorted by name.  A row's pointer lives until the next turn of the loop; keep names, not
 * pointers.  Text that comes from guests or files is made plain (plain.h) before it gets in here.
 * A figure that is not known is negative.
 */
#ifndef CORE_MODEL_H
#define CORE_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/machine.h"
#include "core/store.h"

struct model_distro {
    char name[NAME_MAX_LEN + 1];
    enum machine_state state;
    char reason[MACHINE_WORD];   /* CTL_EXIT name, "killed", "host-down"; "" when it says nothing */
    char detail[MACHINE_TEXT];   /* of the reason, for people */
    char init[MACHINE_WORD];     /* "systemd"; "" not known */
    char note[MACHINE_TEXT];     /* the last thing the guest told about its boot */
    char source[MACHINE_TEXT];
    time_t installed, started;   /* 0: not known */
    int64_t phase_us[PHASES];    /* since the process was executed; negative: not reached */
    int64_t memory_size, resident, overhead; /* bytes; the last two negative unless it runs */
    int cpus;
    double cpu_percent;          /* of one host CPU; negative: not known */
    double read_bps, write_bps;  /* bytes a second */
    int64_t read_bytes, write_bytes, exits, uptime_us;
    bool paused, emulated;
    bool silent;                 /* it runs, but its control socket does not answer */
    /* An install of this very process: */
    bool task;
    uint64_t task_done, task_total; /* bytes; total 0: not known */
};

struct model_host {
    int cpus;
    int64_t memory, available;   /* bytes */
    bool kvm;                    /* /dev/kvm can be opened for read and write */
    bool emulated;               /* the processor itself is emulated: times are not hardware times */
};

/* What happened, in whole sentences; the newest is the last. */
enum message_level { MESSAGE_INFO, MESSAGE_ERROR };
#define MODEL_MESSAGES 64
struct message {
    unsigned long serial; /* 1, 2, ...: a reader remembers the last one it has shown */
    enum message_level level;
    char text[MACHINE_TEXT];
};

struct model {
    struct model_distro *distros;
    unsigned count;
    struct model_host host;
    struct message messages[MODEL_MESSAGES]; /* ring: serial % MODEL_MESSAGES */
    unsigned long said;                      /* serial of the newest message */
    bool settled; /* every distro has been looked at, and every live machine has been heard or given up */
};

void model_release(struct model *m);
const struct model_distro *model_find(const struct model *m, const char *name);
/* Index of `name`, or -1. */
int model_index(const struct model *m, const char *name);
/* The row of `name`, made where its name sorts; NULL only for lack of memory. */
struct model_distro *model_row(struct model *m, const char *name);
void model_drop(struct model *m, unsigned index);
unsigned model_count_live(const struct model *m);
/* Start to ready in microseconds; negative while it is not ready. */
int64_t model_boot_us(const struct model_distro *d);

void model_say(struct model *m, enum message_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* NULL when `serial` has left the ring or is not said yet. */
const struct message *model_message(const struct model *m, unsigned long serial);

#endif
