/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/option.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/share.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/forward.h"
#include "core/base/nearest.h"

static const char *const networks[] = {[NETWORK_NONE] = "none", [NETWORK_USER] = "user", NULL};
static const char *const auto_forwards[] = {
    [AUTO_FORWARD_OFF] = "off", [AUTO_FORWARD_OFFER] = "offer", [AUTO_FORWARD_ON] = "on", NULL};
static const char *const policies[] = {[POLICY_ON_DEMAND] = "on-demand", [POLICY_KEEP] = "keep",
                                       [POLICY_LOGIN] = "login", NULL};
static const char *const instants[] = {[INSTANT_OFF] = "false", [INSTANT_SUSPEND] = "true", [INSTANT_READY] = "ready",
                                       NULL};
static const char *const timezones[] = {[TIMEZONE_NONE] = "none", [TIMEZONE_HOST] = "host", NULL};

const struct option_info option_table[OPTIONS] = {
    [OPT_MEMORY] = {"memory", OPTION_SIZE, 64LL << 20, 1LL << 40, "512M", NULL,
                    "memory of the machine", EFFECT_START},
    [OPT_CPUS] = {"cpus", OPTION_INT, 1, 8, "2", NULL, "virtual CPUs of the machine", EFFECT_START},
    [OPT_DISK_SIZE] = {"disk_size", OPTION_SIZE, 16LL << 20, 16LL << 40, "32G", NULL,
                       "size of a new distro's disk; only what is written takes space", EFFECT_INSTALL},
    [OPT_KERNEL] = {"kernel", OPTION_STRING, 0, 0, "auto", NULL,
                    "kernel to boot: auto, tuned, stock or the path of an image", EFFECT_START},
    [OPT_APPEND] = {"append", OPTION_STRING, 0, 0, "", NULL,
                    "words added to the kernel's command line", EFFECT_START},
    [OPT_SHARES] = {"shares", OPTION_SHARES, 0, 0, "~:/mnt/host", NULL,
                    "host folders in the distro: 'HOST:GUEST[,ro][,cache=MODE][,map=KIND]; ...' or none; "
                    "what others change is seen with cache=none at once, mmap at once but in mapped "
                    "pages, readahead at the next open, loose perhaps never", EFFECT_START},
    [OPT_NETWORK] = {"network", OPTION_CHOICE, 0, 0, "user", networks,
                     "user: the host's network, behind a NAT; none: no network", EFFECT_START},
    [OPT_HOST_LOOPBACK] = {"host_loopback", OPTION_BOOL, 0, 1, "false", NULL,
                           "the distro reaches servers on the host's 127.0.0.1, at its gateway's address", EFFECT_START},
    [OPT_FORWARDS] = {"forwards", OPTION_FORWARDS, 0, 0, "", NULL,
                      "ports of the host that lead into the distro: '[HOST:]PORT:GUESTPORT[/udp]; ...'; "
                      "HOST is 127.0.0.1 when left out", EFFECT_START},
    [OPT_AUTO_FORWARD] = {"auto_forward", OPTION_CHOICE, 0, 0, "off", auto_forwards,
                          "a server that begins to listen in the distro: on, the same port of 127.0.0.1 leads "
                          "to it; offer, the verb forward shows it; off. TCP, from port 1024 up", EFFECT_START},
    [OPT_STOP_TIMEOUT] = {"stop_timeout", OPTION_INT, 1, 3600, "30", NULL,
                          "seconds until a stop is forced", EFFECT_NOW},
    [OPT_INSTANT] = {"instant", OPTION_CHOICE, 0, 0, "false", instants,
                     "the next start goes on at once, by a stop that suspends the distro (true), or powers it off, "
                     "boots it again and saves it when it is ready (ready); who is idle is suspended", EFFECT_NOW},
    [OPT_USER] = {"user", OPTION_USER, 0, 0, "", NULL,
                  "whose shells, cp, ls, cat and mount are, name or number; empty: as /etc/wsl.conf says, else root", EFFECT_NOW},
    [OPT_KEEP_SNAPSHOTS] = {"keep_snapshots", OPTION_INT, 0, 1000, "0", NULL,
                            "how many snapshots are kept: a new one more deletes the oldest; 0: all", EFFECT_NOW},
    [OPT_TRASH] = {"trash", OPTION_TIME, 0, 3650LL * 24 * 3600, "7d", NULL,
                   "how long it can be brought back when it was removed; 0: it is deleted at once", EFFECT_NOW},
    [OPT_POLICY] = {"policy", OPTION_CHOICE, 0, 0, "on-demand", policies,
                    "on-demand: runs while it is used; keep: once started, until it is stopped; login: as keep, "
                    "and started when you log in", EFFECT_NOW},
    /* Starting again takes about a second; but what a person left between two looks should still be there. */
    [OPT_IDLE_TIMEOUT] = {"idle_timeout", OPTION_TIME, 5, 365LL * 24 * 3600, "5m", NULL,
                          "how long an on-demand distro that nobody uses and that does not compute goes on running",
                          EFFECT_NOW},
    [OPT_TIMEZONE] = {"timezone", OPTION_CHOICE, 0, 0, "host", timezones,
                      "host: the host's, unless the distro has one of its own; none: as the distro says", EFFECT_START},
};

/* --- sizes --- */

static const char units[] = "KMGT";

/* Reads digits and counts 10^digits into `scale`; those after the first `keep` change nothing. */
static bool read_digits(const char **p, int keep, int64_t *number, int64_t *scale)
{
    bool fits = true;

    for (; **p >= '0' && **p <= '9'; ++*p) {
        if (keep-- <= 0 || !fits)
            continue;
        *scale *= 10;
        fits = !__builtin_mul_overflow(*number, 10, number) &&
               !__builtin_add_overflow(*number, **p - '0', number);
    }
    return fits;
}

/* By hand: strtod would round large numbers, and take "1,5" for "1.5" by the person's locale. */
int size_parse(const char *text, int64_t *bytes, struct err *e)
{
    int64_t whole = 0, part = 0, scale = 1, ignored = 0;
    const char *p = text, *unit;
    bool fits = read_digits(&p, INT_MAX, &whole, &ignored);
    bool number = p > text, point = *p == '.';
    int shift;

    if (point && ++p)
        read_digits(&p, 6, &part, &scale);
    number |= point && p > text + 1;
    unit = *p ? strchr(units, *p) : NULL;
    if (!number || (*p && (!unit || p[1])))
        return err_set(e, EINVAL, "'%s' is not a size; write it like 512M or 2G", text);
    shift = unit ? 10 * (int)(unit - units + 1) : 0;
    if (!fits || whole >= 1LL << (62 - shift))
        return err_set(e, EINVAL, "'%s' is too large", text);
    *bytes = (whole << shift) + part * (1LL << shift) / scale;
    return 0;
}

char *size_format(int64_t bytes)
{
    int unit = -1;

    while (bytes && bytes % 1024 == 0 && unit < 3) {
        bytes /= 1024;
        unit++;
    }
    return unit < 0 ? file_path("%lld", (long long)bytes)
                    : file_path("%lld%c", (long long)bytes, units[unit]);
}

/* --- times --- */

static const struct {
    char letter;
    int64_t seconds;
} time_units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 24 * 3600}};

int duration_parse(const char *text, int64_t *seconds, struct err *e)
{
    int64_t number = 0, ignored = 0;
    const char *p = text;
    bool fits = read_digits(&p, INT_MAX, &number, &ignored);

    for (size_t i = 0; p > text && i < ARRAY_SIZE(time_units); i++) {
        bool bare = !*p && time_units[i].seconds == 1;

        if (!bare && (*p != time_units[i].letter || p[1]))
            continue;
        if (!fits || __builtin_mul_overflow(number, time_units[i].seconds, seconds))
            return err_set(e, EINVAL, "'%s' is too long", text);
        return 0;
    }
    return err_set(e, EINVAL, "'%s' is not a time; write it like 90s, 5m or 2h", text);
}

char *duration_format(int64_t seconds)
{
    size_t i = ARRAY_SIZE(time_units) - 1;

    while (i > 0 && (seconds == 0 || seconds % time_units[i].seconds))
        i--;
    return file_path("%lld%c", (long long)(seconds / time_units[i].seconds), time_units[i].letter);
}

/* --- one value --- */

/* A number of the option as text; the caller frees. */
static char *format_number(const struct option_info *o, int64_t number)
{
    return o->type == OPTION_SIZE   ? size_format(number)
           : o->type == OPTION_TIME ? duration_format(number)
                                    : file_path("%lld", (long long)number);
}

static int range_error(const struct option_info *o, const char *text, struct err *e)
{
    auto_free char *min = format_number(o, o->min);
    auto_free char *max = format_number(o, o->max);

    return err_set(e, EINVAL, "%s: '%s' is out of range; give %s to %s", o->name, text,
                   min ? min : "", max ? max : "");
}

static int parse_int(const struct option_info *o, const char *text, int64_t *number, struct err *e)
{
    char *end;

    errno = 0;
    *number = strtoll(text, &end, 10);
    if (errno || end == text || *end)
        return err_set(e, EINVAL, "%s: '%s' is not a whole number", o->name, text);
    return *number < o->min || *number > o->max ? range_error(o, text, e) : 0;
}

static int parse_size(const struct option_info *o, const char *text, int64_t *number, struct err *e)
{
    if (size_parse(text, number, e) < 0)
        return err_wrap(e, "%s", o->name);
    *number &= ~4095LL; /* memory and disks come in pages */
    return *number < o->min || *number > o->max ? range_error(o, text, e) : 0;
}

static int parse_time(const struct option_info *o, const char *text, int64_t *number, struct err *e)
{
    if (duration_parse(text, number, e) < 0)
        return err_wrap(e, "%s", o->name);
    return *number < o->min || *number > o->max ? range_error(o, text, e) : 0;
}

static int parse_bool(const struct option_info *o, const char *text, int64_t *number, struct err *e)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(words[i], text) == 0) {
            *number = (int64_t)(i % 2);
            return 0;
        }
    return err_set(e, EINVAL, "%s: '%s' is neither true nor false", o->name, text);
}

static int choice_error(const struct option_info *o, const char *text, struct err *e)
{
    char list[128] = "";

    for (int i = 0; o->choices[i]; i++) {
        size_t len = strlen(list);

        snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", o->choices[i]);
    }
    return err_set(e, EINVAL, "%s: '%s' is not one of %s", o->name, text, list);
}

static int parse_choice(const struct option_info *o, const char *text, int64_t *number,
                        struct err *e)
{
    for (int64_t i = 0; o->choices[i]; i++)
        if (strcmp(o->choices[i], text) == 0) {
            *number = i;
            return 0;
        }
    return choice_error(o, text, e);
}

static int parse_string(const struct option_info *o, const char *text, int64_t *number,
                        struct err *e)
{
    *number = 0;
    return strpbrk(text, "\n\r") ? err_set(e, EINVAL, "%s: one line only", o->name) : 0;
}

/* What can be a name in passwd(5), or a number; whether there is one is for the distro to say. */
static int parse_user(const struct option_info *o, const char *text, int64_t *number, struct err *e)
{
    *number = 0;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr(":,/", *p) || (p == text && *p == '-'))
            return err_set(e, EINVAL, "%s: '%s' is no user; give a name or a number, without blanks, ':', ',' and '/'",
                           o->name, text);
    return 0;
}

static int parse_shares(const struct option_info *o, const char *text, int64_t *number,
                        struct err *e)
{
    struct shares s;
    int r = parse_string(o, text, number, e);

    if (r == 0 && (r = shares_parse(text, &s, e)) < 0)
        return err_wrap(e, "%s", o->name);
    if (r == 0)
        shares_release(&s);
    return r;
}

static int parse_forwards(const struct option_info *o, const char *text, int64_t *number,
                          struct err *e)
{
    struct forward list[FORWARDS_MAX];
    int r = parse_string(o, text, number, e);

    if (r == 0 && (r = forwards_parse(text, list, e)) < 0)
        return err_wrap(e, "%s", o->name);
    return r < 0 ? r : 0;
}

/* The types whose value is the text itself. */
static bool is_text(enum option_type t)
{
    return t == OPTION_STRING || t == OPTION_USER || t == OPTION_SHARES || t == OPTION_FORWARDS;
}

static int (*const parsers[])(const struct option_info *o, const char *text, int64_t *number,
                              struct err *e) = {
    [OPTION_BOOL] = parse_bool,     [OPTION_INT] = parse_int,       [OPTION_SIZE] = parse_size,
    [OPTION_STRING] = parse_string, [OPTION_USER] = parse_user, [OPTION_CHOICE] = parse_choice,
    [OPTION_TIME] = parse_time,
    [OPTION_SHARES] = parse_shares, [OPTION_FORWARDS] = parse_forwards,
};

int option_value_set(const struct option_info *row, struct option_value *v, const char *text,
                     enum option_origin from, struct err *e)
{
    int64_t number = 0;
    char *copy = NULL;
    int r = parsers[row->type](row, text, &number, e);

    if (r < 0)
        return r;
    if (is_text(row->type) && !(copy = strdup(text)))
        return err_sys(e, ENOMEM, "%s", row->name);
    free(v->text);
    *v = (struct option_value){.number = number, .text = copy, .origin = from};
    return 0;
}

static int set_value(struct options *o, enum option_id id, const char *text,
                     enum option_origin from, struct err *e)
{
    return option_value_set(&option_table[id], &o->value[id], text, from, e);
}

/* --- all of them --- */

void options_init(struct options *o)
{
    *o = (struct options){0};
    for (int i = 0; i < OPTIONS; i++)
        set_value(o, (enum option_id)i, option_table[i].default_text, ORIGIN_DEFAULT, NULL);
}

void options_release(struct options *o)
{
    for (int i = 0; i < OPTIONS; i++)
        free(o->value[i].text);
    *o = (struct options){0};
}

int options_copy(struct options *to, const struct options *from, struct err *e)
{
    int r = 0;

    *to = *from;
    for (int i = 0; i < OPTIONS; i++) {
        if (!from->value[i].text)
            continue;
        to->value[i].text = strdup(from->value[i].text);
        if (!to->value[i].text)
            r = err_sys(e, ENOMEM, "options"); /* goes on: no text may have two owners */
    }
    return r;
}

int option_find(const char *name)
{
    for (int i = 0; i < OPTIONS; i++)
        if (strcmp(option_table[i].name, name) == 0)
            return i;
    return -1;
}

const char *option_origin_name(enum option_origin from)
{
    static const char *const names[] = {[ORIGIN_DEFAULT] = "default", [ORIGIN_CONF] = "lxtop.conf",
                                        [ORIGIN_DISTRO] = "distro.conf", [ORIGIN_COMMAND] = "command line",
                                        [ORIGIN_CONSOLE] = "console.conf"};

    return names[from];
}

int options_set(struct options *o, const char *name, const char *text, enum option_origin from,
                struct err *e)
{
    int id = option_find(name);
    struct nearest n = nearest_to(name);

    if (id >= 0)
        return set_value(o, (enum option_id)id, text, from, e);
    for (int i = 0; i < OPTIONS; i++)
        nearest_try(&n, option_table[i].name);
    return err_set(e, EINVAL, "there is no setting '%.80s'%s`lxtop help` lists them", name, n.hint);
}

int64_t options_number(const struct options *o, enum option_id id)
{
    return o->value[id].number;
}

int64_t options_idle_seconds(const struct options *o)
{
    bool on_demand = options_number(o, OPT_POLICY) == POLICY_ON_DEMAND;

    return on_demand ? options_number(o, OPT_IDLE_TIMEOUT) : 0;
}

const char *options_text(const struct options *o, enum option_id id)
{
    return o->value[id].text ? o->value[id].text : "";
}

char *option_value_format(const struct option_info *row, const struct option_value *v)
{
    switch (row->type) {
    case OPTION_BOOL:
        return strdup(v->number ? "true" : "false");
    case OPTION_STRING:
    case OPTION_USER:
    case OPTION_SHARES:
    case OPTION_FORWARDS:
        return strdup(v->text ? v->text : "");
    case OPTION_CHOICE:
        return strdup(row->choices[v->number]);
    default:
        return format_number(row, v->number);
    }
}

char *options_format(const struct options *o, enum option_id id)
{
    return option_value_format(&option_table[id], &o->value[id]);
}
