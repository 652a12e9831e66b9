/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything about one distro. */
#include <stdio.h>
#include <string.h>

#include "core/base/auto.h"
#include "tui/format.h"
#include "tui/graph.h"
#include "tui/ui.h"

#define LABEL 10

static void put_label(struct doc *d, const char *label, int cols, const char *text)
{
    doc_wrap(d, STYLE_PLAIN, label, LABEL, cols, text);
}

static void heading(struct doc *d, const char *text)
{
    doc_put(d, STYLE_PLAIN, "%s", "");
    doc_put(d, STYLE_PROMPT, "%s", text);
}

static void put_state(struct doc *doc, const struct model_distro *d, int cols)
{
    bool live = MACHINE_BIT(d->state) & MACHINE_LIVE;
    char line[1024], age[FORMAT_TEXT], date[32] = "";
    const char *why = machine_reason_text(d->reason);
    struct tm t;

    snprintf(line, sizeof(line), "%s%s%s%s%s", machine_state_name(d->state), live ? ", up " : "",
             live ? format_age(age, d->uptime_us > 0 ? d->uptime_us / 1000000 : -1) : "", *d->init ? ", init " : "", d->init);
    put_label(doc, "State", cols, line);
    if (*why) {
        snprintf(line, sizeof(line), "%s%s%s", why, *d->detail ? ": " : "", d->detail);
        put_label(doc, "Ended", cols, line);
    }
    if (*d->note)
        put_label(doc, "Note", cols, d->note);
    if (d->installed && localtime_r(&d->installed, &t))
        strftime(date, sizeof(date), ", installed %Y-%m-%d", &t);
    snprintf(line, sizeof(line), "%s%s", *d->source ? d->source : "not known", date);
    put_label(doc, "From", cols, line);
}

/* --- boot --- */

/* Each phase from the end of the one before to its own, beneath each other as they follow. */
static void put_boot(const struct ui *u, struct doc *doc, const struct model_distro *d, int cols)
{
    static const char *const names[PHASES] = CTL_PHASE_NAMES;
    int64_t whole = 0, before = 0;
    char line[GRAPH_TEXT], took[FORMAT_TEXT];

    for (int i = 0; i < PHASES; i++)
        whole = d->phase_us[i] > whole ? d->phase_us[i] : whole;
    if (whole <= 0)
        return;
    snprintf(line, 128, "Boot, %s%s", format_time(took, whole), d->emulated ? ", emulated: no hardware time" : "");
    heading(doc, line);
    for (int i = 0; i < PHASES; i++) {
        if (d->phase_us[i] < 0)
            continue;
        graph_span(line, (double)before, (double)d->phase_us[i], (double)whole,
                   cols > LABEL + 12 ? (unsigned)(cols - LABEL - 10) : 2, u->look.ascii);
        doc_put(doc, STYLE_PLAIN, "%-*s%7s  %s", LABEL, names[i], format_time(took, d->phase_us[i] - before), line);
        before = d->phase_us[i];
    }
}

/* --- history --- */

static const char *format_bytes(char *to, double v)
{
    return format_size(to, (int64_t)v);
}

static const struct {
    enum history_series series;
    const char *name;
    const char *(*format)(char *to, double value);
} graphs[] = {{HISTORY_CPU, "CPU", format_percent},
              {HISTORY_MEMORY, "Memory", format_bytes},
              {HISTORY_DISK, "Disk/s", format_rate},
              {HISTORY_9P, "9P/s", format_rate},
              {HISTORY_NET, "Net/s", format_rate}};

static void put_graph(const struct ui *u, struct doc *doc, const struct history *h, unsigned g, int cols)
{
    double value[HISTORY_LEN], top = 0;
    char line[GRAPH_TEXT], now[FORMAT_TEXT], highest[FORMAT_TEXT];
    unsigned n = cols > LABEL + 24 ? (unsigned)(cols - LABEL - 20) : 4;

    n = n > HISTORY_LEN ? HISTORY_LEN : n;
    for (unsigned i = 0; i < n; i++) {
        value[i] = history_value(h, graphs[g].series, n - 1 - i);
        top = value[i] > top ? value[i] : top;
    }
    graph_line(line, value, n, top, u->look.ascii);
    graphs[g].format(now, history_value(h, graphs[g].series, 0));
    graphs[g].format(highest, top);
    doc_put(doc, STYLE_PLAIN, "%-*s%7s  %s  max %s", LABEL, graphs[g].name, now, line, highest);
}

static void put_history(const struct ui *u, struct doc *doc, const struct model_distro *d, int cols)
{
    if (!d->history || d->history->count < 2)
        return;
    heading(doc, "History, a second each, newest right");
    for (unsigned g = 0; g < ARRAY_SIZE(graphs); g++)
        put_graph(u, doc, d->history, g, cols);
}

/* --- memory, disk, devices --- */

static void put_sizes(struct doc *doc, const struct model_distro *d, int cols)
{
    char a[FORMAT_TEXT], b[FORMAT_TEXT], c[FORMAT_TEXT], line[256];

    snprintf(line, sizeof(line), "limit %s, on the host %s, beside it %s, used in the guest %s", format_size(a, d->memory_size),
             format_size(b, d->resident), format_size(c, d->overhead), format_size(line + 128, d->guest_used));
    put_label(doc, "Memory", cols, line);
    snprintf(line, sizeof(line), "%s of the host, can grow to %s", format_size(a, d->disk_used), format_size(b, d->disk_size));
    put_label(doc, "Disk", cols, line);
    if (d->sessions >= 0) {
        snprintf(line, sizeof(line), "%d open", d->sessions);
        put_label(doc, "Sessions", cols, line);
    }
}

static void put_snapshots(const struct ui *u, struct doc *doc, const struct model_focus *f, int cols)
{
    char line[1024];

    if (!f->twigs)
        return;
    heading(doc, "Snapshots");
    for (unsigned i = 0; i < f->twigs; i++) {
        snapshot_line(f, i, u->look.ascii, cols, line, sizeof(line));
        doc_put(doc, STYLE_PLAIN, "  %s", line);
    }
}

static void put_devices(const struct ui *u, struct doc *doc, const struct model_focus *f)
{
    bool held = u->frozen && strcmp(u->held_of, f->name) == 0;
    unsigned count = held ? u->held_device_count : f->device_count;
    char read[FORMAT_TEXT], written[FORMAT_TEXT];

    if (!count)
        return;
    heading(doc, "Devices");
    doc_put(doc, STYLE_DIM, "%-10s %9s %7s %7s %6s %6s", "NAME", "REQUESTS", "READ", "WRITTEN", "MEAN", "ERRORS");
    for (unsigned i = 0; i < count; i++) {
        const struct model_device *v = held ? &u->held_devices[i] : &f->devices[i];

        doc_put(doc, v->errors ? STYLE_BAD : STYLE_PLAIN, "%-10s %9lld %7s %7s %4lldus %6lld", v->name,
                (long long)v->requests, format_size(read, v->read_bytes), format_size(written, v->write_bytes),
                (long long)v->latency_us, (long long)v->errors);
    }
}

/* --- settings --- */

static void put_list(struct doc *doc, const struct options *o, enum option_id id, const char *title, int cols)
{
    auto_free char *text = options_format(o, id);
    char *rest = text, *part;
    bool any = false;

    heading(doc, title);
    while (rest && (part = strsep(&rest, ";"))) {
        part += strspn(part, " ");
        if (!*part)
            continue;
        doc_wrap(doc, STYLE_PLAIN, "", 2, cols, part);
        any = true;
    }
    if (!any)
        doc_put(doc, STYLE_DIM, "  none");
}

static void put_settings(struct doc *doc, const struct options *o)
{
    static const char *const origins[] = {"default", "lxtop.conf", "this distro", "command line"};

    heading(doc, "Settings");
    for (int i = 0; i < OPTIONS; i++) {
        auto_free char *text = options_format(o, (enum option_id)i);

        doc_put(doc, o->value[i].origin == ORIGIN_DEFAULT ? STYLE_DIM : STYLE_PLAIN, "%-14s%-20s %s", option_table[i].name,
                text && *text ? text : "none", origins[o->value[i].origin]);
    }
}

static void build(struct ui *u, const struct model *m, int cols)
{
    const struct model_distro *live = model_find(m, u->subject), *d = live && u->frozen ? ui_figures(u, live) : live;
    const struct model_focus *f = &m->focus;

    if (!d) {
        doc_put(&u->doc, STYLE_PLAIN, "%s is gone.", u->subject);
        return;
    }
    put_state(&u->doc, d, cols);
    put_sizes(&u->doc, d, cols);
    put_boot(u, &u->doc, d, cols);
    put_history(u, &u->doc, d, cols);
    if (strcmp(f->name, d->name) != 0 || !f->known)
        return;
    put_list(&u->doc, &f->options, OPT_SHARES, "Shares", cols);
    put_list(&u->doc, &f->options, OPT_FORWARDS, "Forwards", cols);
    put_snapshots(u, &u->doc, f, cols);
    put_devices(u, &u->doc, f);
    put_settings(&u->doc, &f->options);
}

static void head(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    (void)m;
    grid_put(g, at, 2, g->cols - 2, STYLE_COLUMNS, u->subject);
}

const struct view view_info = {.name = "Info", .of_distro = true, .build = build, .head = head};
