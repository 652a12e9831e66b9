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
#include "core/snapshots.h"
#include "core/store.h"
#include "core/trash.h"

/* Figures of the last minutes of a running distro, one a second; negative: not known. */
enum history_series { HISTORY_CPU /* percent */, HISTORY_MEMORY /* bytes */, HISTORY_DISK, HISTORY_9P, HISTORY_NET /* bytes a second */,
                      HISTORIES };
#define HISTORY_LEN 120
struct history {
    unsigned long count; /* pushed since it runs: the newest is at (count - 1) % HISTORY_LEN */
    float value[HISTORIES][HISTORY_LEN];
};

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
    double p9_bps, net_bps;      /* both ways together */
    int64_t read_bytes, write_bytes, exits, uptime_us;
    int64_t disk_used, disk_size; /* bytes that the root disk's file takes of the host, and what it could */
    int64_t guest_used;          /* bytes of its memory that the guest itself uses; negative: not known */
    int64_t trash_seconds;       /* how long it can be brought back when it was removed */
    int sessions;                /* shells, commands, file accesses open now; negative: not known */
    struct history *history;     /* owned by the model; NULL unless it runs */
    bool paused, emulated;
    bool silent;                 /* it runs, but its control socket does not answer */
    /* An install of this very process: */
    bool task;
    uint64_t task_done, task_total; /* bytes; total 0: not known */
};

struct model_host {
    int cpus;
    int64_t memory, available;   /* bytes */
    double cpu_percent;          /* of all its processors together; negative: not known */
    int64_t cpu_busy, cpu_all;   /* what it was made of: ticks of /proc/stat */
    int64_t disk_free, disk_size; /* bytes, where distros are kept; negative: not known */
    bool kvm;                    /* /dev/kvm can be opened for read and write */
    bool emulated;               /* the processor itself is emulated: times are not hardware times */
};

/* What happened, in whole sentences; the newest is the last. */
enum message_level { MESSAGE_INFO, MESSAGE_ERROR };
#define MODEL_MESSAGES 64
struct message {
    unsigned long serial; /* 1, 2, ...: a reader remembers the last one it has shown */
    enum message_level level;
    time_t when;
    char text[MACHINE_TEXT];
};

/* A job of this process that takes time. */
struct model_task {
    unsigned long serial;   /* 1, 2, ...; 0: none */
    const char *what;       /* verb of the operation, static */
    char distro[NAME_MAX_LEN + 1];
    char detail[MACHINE_TEXT]; /* of what, for people: the source of an install, the files of a copy */
    bool running, cancelled, failed;
    uint64_t done, total;   /* bytes; total 0: not known */
    time_t began, ended;
    char why[MACHINE_TEXT]; /* what went wrong */
};
#define MODEL_TASKS 64

/* One virtual device of a machine: what its counters say so far. */
struct model_device {
    char name[MACHINE_WORD], class[MACHINE_WORD];
    int64_t requests, read_bytes, write_bytes, errors, latency_us; /* latency: the mean of a request */
};
#define MODEL_DEVICES 24

/* The distro that is looked at closely (watch_focus). */
struct model_focus {
    char name[NAME_MAX_LEN + 1]; /* "": none */
    bool known;                  /* `options` are its */
    struct options options;
    struct model_device devices[MODEL_DEVICES];
    unsigned device_count;       /* 0 unless it runs */
    struct snapshots snapshots;
    struct model_twig *tree;     /* all of them as a tree is drawn, each beneath its parent; owned; NULL: not known */
    unsigned twigs;
};
struct model_twig {
    unsigned index, depth;       /* in snapshots.list; 0: stands on nothing */
    int64_t layer, memory;       /* bytes of this host's disk that its own layer and its memory take */
};
/* Everything known about it is forgotten, its name too. */
void model_focus_forget(struct model_focus *f);
/* Takes *s over, whose text is made plain. */
void model_focus_snapshots(struct model_focus *f, struct snapshots *s);

/* The end of a log that is looked at (follow.h); lines are plain. */
struct model_log {
    char distro[NAME_MAX_LEN + 1];
    bool vmm;       /* what lxtop-vmm said, and not the console's */
    bool known;     /* it has been read */
    char *text;     /* lines, each ends in NUL; owned */
    uint32_t *line; /* where each begins; owned */
    unsigned count;
    char why[MACHINE_TEXT]; /* why it cannot be read; "" when it can */
};

/* A folder that is looked at, of a distro or of this machine; text is owned. */
struct model_file {
    char *name, *shown; /* as it is, and plain */
    bool folder;        /* it is one, or a link to one */
    unsigned mode;      /* st_mode */
    int64_t size;       /* negative: says nothing */
    time_t changed;
};
struct model_folder {
    bool known;         /* it has been listed */
    char *path;         /* that it is of */
    struct model_file *files;
    unsigned count, left_out;
    char why[MACHINE_TEXT]; /* why it cannot be listed; "" when it can */
};

/* Which files differ between two states of a distro's disk (snapshots_diff.h); text is plain and owned. */
struct model_changes {
    unsigned long serial; /* of the comparison that was asked for last */
    char distro[NAME_MAX_LEN + 1];
    char from[SNAPSHOT_NAME_MAX + 1], to[SNAPSHOT_NAME_MAX + 1]; /* to "": the disk as it is now */
    bool known;           /* it is done */
    char *text;           /* lines, each ends in NUL: '+', '-', 'M' or '#', a blank, the path or a remark */
    char **line;          /* where each begins; owned */
    unsigned count, files; /* files: of the lines, those that are no remark */
    char why[MACHINE_TEXT]; /* why it cannot be told; "" when it can */
};

/* Something that a distro can be installed from. */
struct model_source {
    char *text, *help; /* as OP_INSTALL takes it; one line about it; owned */
};

struct model {
    struct model_distro *distros;
    unsigned count;
    struct model_host host;
    struct message messages[MODEL_MESSAGES]; /* ring: serial % MODEL_MESSAGES */
    unsigned long said;                      /* serial of the newest message */
    struct model_task tasks[MODEL_TASKS];    /* ring: serial % MODEL_TASKS */
    unsigned long tasks_begun;               /* serial of the newest task */
    struct model_focus focus;
    struct model_log log;
    struct model_folder folder[2];           /* of the distro, and of this machine */
    struct model_changes changes;
    struct model_source *sources;            /* owned */
    unsigned source_count;
    struct trashed *removed;                 /* that can be brought back, the newest first; owned */
    unsigned removed_count;
    time_t now; /* of the last look */
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


/* A new task, in the place of the oldest, which may be running still. */
struct model_task *model_task_begin(struct model *m, const char *what, const char *distro, const char *detail);
/* NULL when `serial` has left the ring or never was. */
struct model_task *model_task(const struct model *m, unsigned long serial);

void model_folder_forget(struct model_folder *f);

/* model_changes.c: a comparison begins, and the one before is forgotten; its serial. */
unsigned long model_changes_begin(struct model *m, const char *distro, const char *from, const char *to);
/* What it found, or why it could not (`text` NULL, `why` set): of the newest alone, others say nothing. */
void model_changes_done(struct model *m, unsigned long serial, const char *text, const char *why);
void model_changes_forget(struct model_changes *c);

/* Text is copied; the source is left out for lack of memory. */
void model_source_add(struct model *m, const char *text, const char *help);
void model_sources_forget(struct model *m);

/* Adds one second's figures; the history is made where there is none. */
void model_history_add(struct model_distro *d);
void model_history_forget(struct model_distro *d);
/* The figure of `ago` seconds before the newest; negative: not known. */
double history_value(const struct history *h, enum history_series s, unsigned ago);

#endif
