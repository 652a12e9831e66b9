/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options: one row each gives name, type, range, default and help, and so the parser, the range
 * check, the default, `lxtop info` and the settings screen.
 *
 * Values come, later over earlier, from: the row's default; lxtop.conf, group `defaults`; the
 * distro's own distro.conf; the command line.  A bad value is reported with file and line and the
 * earlier value stays.
 */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum option_type { OPTION_BOOL, OPTION_INT, OPTION_SIZE /* bytes, "512M" */,
                   OPTION_TIME /* seconds, "5m" */, OPTION_STRING, OPTION_CHOICE, OPTION_USER /* name or number, or empty */,
                   OPTION_SHARES /* config/share.h */,
                   OPTION_FORWARDS /* core/base/forward.h */ };

/* Index into the table and into struct options. */
enum option_id {
    OPT_MEMORY,  /* guest RAM, bytes, 64M to 1T */
    OPT_CPUS,    /* 1 to 8 */
    OPT_DISK_SIZE, /* size of a new root disk, bytes */
    OPT_KERNEL,  /* "auto", "tuned", "stock" or a path */
    OPT_APPEND,  /* added to the kernel command line */
    OPT_SHARES,  /* host folders in the distro, as shares_parse takes them */
    OPT_NETWORK, /* NETWORK_NONE, NETWORK_USER */
    OPT_HOST_LOOPBACK, /* the guest reaches the host's loopback at its gateway's address */
    OPT_FORWARDS, /* ports of the host that lead into the guest, as forwards_parse takes them */
    OPT_AUTO_FORWARD, /* AUTO_FORWARD_* */
    OPT_STOP_TIMEOUT, /* seconds until a stop is forced */
    OPT_INSTANT, /* INSTANT_*: what a stop leaves for the next start to go on from */
    OPT_USER,    /* whose sessions and accesses to the distro's files are: name, number or "" */
    OPT_KEEP_SNAPSHOTS,
    OPT_TRASH,   /* seconds that it can be brought back when it was removed; 0: not at all */
    OPT_POLICY,  /* POLICY_*: when it runs */
    OPT_IDLE_TIMEOUT, /* seconds; then a machine that nobody uses is stopped (POLICY_ON_DEMAND) */
    OPT_TIMEZONE, /* TIMEZONE_HOST, TIMEZONE_NONE */
    OPTIONS
};

enum { NETWORK_NONE, NETWORK_USER };
enum { AUTO_FORWARD_OFF, AUTO_FORWARD_OFFER, AUTO_FORWARD_ON };
enum { POLICY_ON_DEMAND, POLICY_KEEP, POLICY_LOGIN };
enum { TIMEZONE_NONE, TIMEZONE_HOST };
enum { INSTANT_OFF, INSTANT_SUSPEND, INSTANT_READY };

/* When a change of it takes effect. */
enum option_effect { EFFECT_START /* at the machine's next start */, EFFECT_NOW, EFFECT_INSTALL /* never */ };

struct option_info {
    const char *name; /* as in lxtop.conf: "memory" */
    enum option_type type;
    int64_t min, max;             /* inclusive; INT, SIZE and TIME */
    const char *default_text;     /* parsed like any other value */
    const char *const *choices;   /* CHOICE: NULL-terminated */
    const char *help;             /* one line, no full stop */
    enum option_effect effect;
};
extern const struct option_info option_table[OPTIONS];

enum option_origin { ORIGIN_DEFAULT, ORIGIN_CONF, ORIGIN_DISTRO, ORIGIN_COMMAND, ORIGIN_CONSOLE /* console.h */ };

/* What a file or a person calls it: "distro.conf". */
const char *option_origin_name(enum option_origin from);

struct option_value {
    int64_t number;  /* BOOL, INT, SIZE, TIME, CHOICE (index) */
    char *text;      /* STRING, SHARES, FORWARDS; owned */
    enum option_origin origin;
};
struct options {
    struct option_value value[OPTIONS];
};

void options_init(struct options *o); /* all defaults */
void options_release(struct options *o);
int options_copy(struct options *to, const struct options *from, struct err *e);
/* Parses `text` by the row of `name`; -EINVAL with what is allowed. */
int options_set(struct options *o, const char *name, const char *text, enum option_origin from,
                struct err *e);
/* Seconds until a machine that nobody uses ends, by policy and idle_timeout; 0: never. */
int64_t options_idle_seconds(const struct options *o);
/* The option of that name, or -1. */
int option_find(const char *name);
/* The same for one value of any table of such rows (config/console.h). */
int option_value_set(const struct option_info *row, struct option_value *v, const char *text,
                     enum option_origin from, struct err *e);
char *option_value_format(const struct option_info *row, const struct option_value *v); /* caller frees */
int64_t options_number(const struct options *o, enum option_id id);
const char *options_text(const struct options *o, enum option_id id); /* borrowed */
/* The value as text, as options_set would take it ("512M"); caller frees. */
char *options_format(const struct options *o, enum option_id id);

/* "64M", "2G", "1.5G", "1048576" <-> bytes (binary units). */
int size_parse(const char *text, int64_t *bytes, struct err *e);
char *size_format(int64_t bytes); /* exact: the shortest text that parses back; caller frees */
/* "90", "90s", "5m", "2h", "1d" <-> seconds; the same. */
int duration_parse(const char *text, int64_t *seconds, struct err *e);
char *duration_format(int64_t seconds);

#endif
