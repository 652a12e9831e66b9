/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/ui.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "tui/format.h"

#define TABLE_TOP 3 /* rows: title, host, headings */

void ui_init(struct ui *u)
{
    *u = (struct ui){.page = 1, .help_page = 1};
}

static void __attribute__((format(printf, 2, 3))) hint(struct ui *u, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(u->hint, sizeof(u->hint), fmt, ap);
    va_end(ap);
}

/* --- the selection --- */

static void select_index(struct ui *u, const struct model *m, int index)
{
    int last = (int)m->count - 1;

    u->index = index > last ? last : index;
    if (u->index < 0)
        u->index = 0;
    snprintf(u->selected, sizeof(u->selected), "%s", m->count ? m->distros[u->index].name : "");
}

/* Rows come and go: the name stays selected, else what has moved to its place. */
const struct model_distro *ui_selected(struct ui *u, const struct model *m)
{
    int index = *u->selected ? model_index(m, u->selected) : -1;

    if (index >= 0)
        u->index = index;
    else
        select_index(u, m, u->index);
    return m->count ? &m->distros[u->index] : NULL;
}

/* --- keys --- */

static struct ui_request want_op(struct ui *u, enum op_id op, unsigned flags, const char *distro)
{
    struct ui_request r = {.want = WANT_OP, .args = {.op = op, .flags = flags}};

    snprintf(u->distro, sizeof(u->distro), "%s", distro ? distro : "");
    r.args.distro = distro ? u->distro : NULL;
    return r;
}

static void ask(struct ui *u, enum ui_prompt prompt, const char *text)
{
    u->prompt = prompt;
    snprintf(u->line, sizeof(u->line), "%s", text);
}

static struct ui_request answer_source(struct ui *u)
{
    auto_free char *name = NULL;

    if (!*u->line) {
        hint(u, "Nothing is installed.");
        u->prompt = PROMPT_NONE;
        return (struct ui_request){0};
    }
    snprintf(u->source, sizeof(u->source), "%s", u->line);
    name = u->suggest ? u->suggest(u->suggest_ctx, u->source) : NULL;
    ask(u, PROMPT_NAME, name ? name : "");
    return (struct ui_request){0};
}

static struct ui_request answer_name(struct ui *u)
{
    struct ui_request r;

    u->prompt = PROMPT_NONE;
    r = want_op(u, OP_INSTALL, FLAG_NAME, u->line);
    r.args.source = u->source;
    snprintf(u->selected, sizeof(u->selected), "%s", u->distro);
    return r;
}

static struct ui_request answer_confirm(struct ui *u)
{
    bool yes = strcmp(u->line, "y") == 0 || strcmp(u->line, u->distro) == 0;
    char name[NAME_MAX_LEN + 1];

    u->prompt = PROMPT_NONE;
    memcpy(name, u->distro, sizeof(name));
    if (yes)
        return want_op(u, OP_REMOVE, FLAG_YES, name);
    hint(u, "%s was not removed.", name);
    return (struct ui_request){0};
}

static struct ui_request (*const answers[])(struct ui *u) = {
    [PROMPT_SOURCE] = answer_source, [PROMPT_NAME] = answer_name, [PROMPT_CONFIRM] = answer_confirm};

static void type_key(struct ui *u, ui_key k)
{
    size_t len = strlen(u->line);

    if (k == K_BACKSPACE || k == K_CTRL('h')) {
        while (len && (u->line[len - 1] & 0xc0) == 0x80)
            len--;
        u->line[len ? len - 1 : 0] = '\0';
    } else if (k == K_CTRL('u')) {
        u->line[0] = '\0';
    } else if (k >= ' ' && k < K_UP && len + 5 < sizeof(u->line)) {
        if (k < 0x80) {
            u->line[len++] = (char)k;
        } else if (k < 0x800) {
            u->line[len++] = (char)(0xc0 | k >> 6);
            u->line[len++] = (char)(0x80 | (k & 0x3f));
        } else {
            if (k >= 0x10000) {
                u->line[len++] = (char)(0xf0 | k >> 18);
                u->line[len++] = (char)(0x80 | (k >> 12 & 0x3f));
            } else {
                u->line[len++] = (char)(0xe0 | k >> 12);
            }
            u->line[len++] = (char)(0x80 | (k >> 6 & 0x3f));
            u->line[len++] = (char)(0x80 | (k & 0x3f));
        }
        u->line[len] = '\0';
    }
}

static struct ui_request prompt_key(struct ui *u, ui_key k)
{
    if (k == K_ESC || k == K_CTRL('c')) {
        u->prompt = PROMPT_NONE;
        hint(u, "Nothing was changed.");
    } else if (k == K_ENTER || k == '\r') {
        return answers[u->prompt](u);
    } else {
        type_key(u, k);
    }
    return (struct ui_request){0};
}

static void move(struct ui *u, const struct model *m, enum action_id a)
{
    int to = u->help ? u->help_top : u->index;
    int page = u->help ? u->help_page : u->page;

    switch (a) {
    case ACTION_UP:
        to--;
        break;
    case ACTION_DOWN:
        to++;
        break;
    case ACTION_PAGE_UP:
        to -= page;
        break;
    case ACTION_PAGE_DOWN:
        to += page;
        break;
    default:
        to = a == ACTION_FIRST ? 0 : 1 << 20;
        break;
    }
    if (u->help)
        u->help_top = to < 0 ? 0 : to; /* the far end is known when it is drawn */
    else
        select_index(u, m, to);
}

/* An action that does not work now says why; nothing else happens. */
static struct ui_request refuse(struct ui *u, enum action_id a, const struct model_distro *d)
{
    struct err e = {0};

    if (!d)
        hint(u, "There is no distro yet: press i to install one.");
    else if (a == ACTION_CANCEL)
        hint(u, "%s is not being installed by this lxtop.", d->name);
    else if (op_refuse((enum op_id)action_table[a].op, d, &e) < 0)
        hint(u, "%s.", e.msg);
    return (struct ui_request){0};
}

static struct ui_request act(struct ui *u, const struct model *m, enum action_id a)
{
    const struct model_distro *d = ui_selected(u, m);

    if (!action_works(a, d))
        return refuse(u, a, d);
    switch (a) {
    case ACTION_HELP:
        u->help = !u->help;
        u->help_top = 0;
        break;
    case ACTION_INSTALL:
        ask(u, PROMPT_SOURCE, "busybox");
        break;
    case ACTION_REMOVE:
        snprintf(u->distro, sizeof(u->distro), "%s", d->name);
        ask(u, PROMPT_CONFIRM, "");
        break;
    case ACTION_CONSOLE:
    case ACTION_CANCEL:
        snprintf(u->distro, sizeof(u->distro), "%s", d->name);
        return (struct ui_request){.want = a == ACTION_CONSOLE ? WANT_CONSOLE : WANT_CANCEL,
                                   .distro = u->distro};
    case ACTION_REDRAW:
        return (struct ui_request){.want = WANT_REPAINT};
    case ACTION_QUIT:
        return (struct ui_request){.want = WANT_QUIT};
    default:
        if (action_table[a].op >= 0)
            return want_op(u, (enum op_id)action_table[a].op, action_table[a].flags, d->name);
        move(u, m, a);
        break;
    }
    return (struct ui_request){0};
}

struct ui_request ui_key_pressed(struct ui *u, const struct model *m, ui_key k)
{
    char name[KEY_TEXT];
    int a;

    u->hint[0] = '\0';
    u->seen = m->said;
    ui_selected(u, m);
    if (u->prompt != PROMPT_NONE)
        return prompt_key(u, k);
    if (u->help && k == K_ESC)
        k = K_F1;
    a = action_of_key(k == '\r' ? K_ENTER : k);
    if (a >= 0 && (!u->help || action_table[a].op < 0 || a == ACTION_HELP))
        return act(u, m, (enum action_id)a);
    if (u->help)
        u->help = false;
    else
        hint(u, "%s does nothing here; F1 or ? shows the keys.", key_text(k, name));
    return (struct ui_request){0};
}

/* --- drawing --- */

/* A column is left out when the screen is too narrow for it; the widest screens show all. */
struct column {
    const char *title;
    int width, min_screen;
    bool right;
    void (*text)(const struct model_distro *d, char *to);
};

static void text_state(const struct model_distro *d, char *to)
{
    if (d->state == MACHINE_INSTALLING && d->task && d->task_total)
        snprintf(to, FORMAT_TEXT, "install %d%%", (int)(d->task_done * 100 / d->task_total));
    else if (d->silent)
        strcpy(to, "silent");
    else
        snprintf(to, FORMAT_TEXT, "%s", d->paused ? "paused" : machine_state_name(d->state));
}

static void text_boot(const struct model_distro *d, char *to)
{
    format_time(to, model_boot_us(d));
}

static void text_memory(const struct model_distro *d, char *to)
{
    format_size(to, d->resident);
}

static void text_limit(const struct model_distro *d, char *to)
{
    format_size(to, d->memory_size);
}

static void text_cpu(const struct model_distro *d, char *to)
{
    format_percent(to, d->cpu_percent);
}

static void text_read(const struct model_distro *d, char *to)
{
    format_rate(to, d->read_bps);
}

static void text_write(const struct model_distro *d, char *to)
{
    format_rate(to, d->write_bps);
}

static const struct column columns[] = {
    {"STATE", 11, 0, false, text_state}, {"BOOT", 7, 0, true, text_boot},
    {"MEM", 6, 0, true, text_memory},    {"LIMIT", 6, 70, true, text_limit},
    {"CPU", 5, 50, true, text_cpu},      {"READ/s", 7, 60, true, text_read},
    {"WRITE/s", 8, 60, true, text_write},
};

static int name_width(const struct grid *g)
{
    int rest = g->cols - 2;

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        if (g->cols >= columns[i].min_screen)
            rest -= columns[i].width + 1;
    return rest < 8 ? 8 : rest > 30 ? 30 : rest;
}

static enum style state_style(const struct model_distro *d)
{
    static const enum style styles[MACHINE_STATES] = {
        [MACHINE_INSTALLING] = STYLE_BUSY, [MACHINE_STOPPED] = STYLE_DIM,
        [MACHINE_STARTING] = STYLE_BUSY,   [MACHINE_RUNNING] = STYLE_GOOD,
        [MACHINE_STOPPING] = STYLE_BUSY,   [MACHINE_FAILED] = STYLE_BAD,
    };

    return d->silent ? STYLE_BAD : styles[d->state];
}

static void draw_distro(const struct model_distro *d, struct grid *g, int row, bool selected)
{
    char text[FORMAT_TEXT];
    int width = name_width(g), col = 2 + width + 1;
    enum style s = selected ? STYLE_SELECTED : STYLE_PLAIN;

    grid_put(g, row, 0, 2, s, selected ? "> " : "  ");
    grid_put(g, row, 2, width, s, d->name);
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        const struct column *c = &columns[i];

        if (g->cols < c->min_screen)
            continue;
        c->text(d, text);
        if (c->right)
            grid_put_right(g, row, col, c->width, s, text);
        else
            grid_put(g, row, col, c->width, selected ? s : state_style(d), text);
        col += c->width + 1;
    }
    if (selected) {
        grid_style(g, row, 0, g->cols, STYLE_SELECTED);
        grid_cursor(g, row, 2);
    }
}

static void draw_headings(struct grid *g)
{
    int width = name_width(g), col = 2 + width + 1;

    grid_fill(g, 2, 0, g->cols, STYLE_COLUMNS, ' ');
    grid_put(g, 2, 2, width, STYLE_COLUMNS, "NAME");
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        if (g->cols < columns[i].min_screen)
            continue;
        if (columns[i].right)
            grid_put_right(g, 2, col, columns[i].width, STYLE_COLUMNS, columns[i].title);
        else
            grid_put(g, 2, col, columns[i].width, STYLE_COLUMNS, columns[i].title);
        col += columns[i].width + 1;
    }
}

static void draw_header(const struct model *m, struct grid *g)
{
    char line[256], free_text[FORMAT_TEXT], all[FORMAT_TEXT];
    const struct model_host *h = &m->host;

    snprintf(line, sizeof(line), "lxtop  %u distro%s, %u running", m->count, m->count == 1 ? "" : "s",
             model_count_live(m));
    grid_fill(g, 0, 0, g->cols, STYLE_HEADER, ' ');
    grid_put(g, 0, 0, g->cols, STYLE_HEADER, line);
    snprintf(line, sizeof(line), "Host: %s, %d CPUs, %s of %s memory free",
             !h->kvm ? "no KVM, see `lxtop doctor`"
             : h->emulated ? "emulated CPU: times are not hardware times"
                           : "KVM",
             h->cpus, format_size(free_text, h->available), format_size(all, h->memory));
    grid_put(g, 1, 0, g->cols, h->kvm ? STYLE_PLAIN : STYLE_BAD, line);
}

static void draw_table(struct ui *u, const struct model *m, struct grid *g)
{
    int rows = g->rows - TABLE_TOP - 2;

    u->page = rows < 1 ? 1 : rows;
    draw_headings(g);
    if (u->index < u->top)
        u->top = u->index;
    if (u->index >= u->top + u->page)
        u->top = u->index - u->page + 1;
    for (int i = 0; i < u->page && u->top + i < (int)m->count; i++)
        draw_distro(&m->distros[u->top + i], g, TABLE_TOP + i, u->top + i == u->index);
    if (m->count == 0) {
        grid_put(g, TABLE_TOP, 2, g->cols - 2, STYLE_PLAIN,
                 "No distros yet: press i to install one.");
        grid_cursor(g, TABLE_TOP, 2);
    }
}

/* The help is the action table. */
static void draw_help(struct ui *u, struct grid *g)
{
    int rows = g->rows - 3, row = 1;

    u->help_page = rows < 1 ? 1 : rows;
    if (u->help_top > ACTIONS - 1)
        u->help_top = ACTIONS - 1;
    grid_fill(g, 0, 0, g->cols, STYLE_HEADER, ' ');
    grid_put(g, 0, 0, g->cols, STYLE_HEADER, "Keys  (F1, ? or Esc comes back)");
    for (int i = u->help_top; i < ACTIONS && row <= rows; i++) {
        char keys[ACTION_KEYS * (KEY_TEXT + 2)] = "", name[KEY_TEXT];

        for (int k = 0; k < ACTION_KEYS && action_table[i].keys[k]; k++) {
            strcat(keys, k ? ", " : "");
            strcat(keys, key_text(action_table[i].keys[k], name));
        }
        if (!*keys)
            continue;
        grid_put(g, row, 1, 18, STYLE_KEY, keys);
        grid_put(g, row, 20, g->cols - 20, STYLE_PLAIN, action_table[i].help);
        row++;
    }
    grid_cursor(g, 1, 1);
}

/* What can be said of the selected distro when nobody has said anything else. */
static void draw_remark(const struct model_distro *d, struct grid *g, int row)
{
    char line[512];
    const char *why = machine_reason_text(d->reason);

    if (*why)
        snprintf(line, sizeof(line), "%s: %s%s%s", d->name, why, *d->detail ? ": " : "", d->detail);
    else
        snprintf(line, sizeof(line), "%s: %s", d->name, d->note);
    if (*why || *d->note)
        grid_put(g, row, 0, g->cols, *why && d->state == MACHINE_FAILED ? STYLE_BAD : STYLE_PLAIN, line);
}

static void draw_message(struct ui *u, const struct model *m, struct grid *g)
{
    const struct message *said = model_message(m, m->said);
    const struct model_distro *d = m->count ? &m->distros[u->index] : NULL;
    int row = g->rows - 2;

    if (*u->hint)
        grid_put(g, row, 0, g->cols, STYLE_PROMPT, u->hint);
    else if (said && said->serial > u->seen)
        grid_put(g, row, 0, g->cols, said->level == MESSAGE_ERROR ? STYLE_BAD : STYLE_PLAIN, said->text);
    else if (d)
        draw_remark(d, g, row);
}

static void draw_prompt(struct ui *u, struct grid *g)
{
    char text[128];
    int row = g->rows - 2, used, room;
    const char *shown = u->line;

    if (u->prompt == PROMPT_CONFIRM)
        snprintf(text, sizeof(text), "Remove %s and everything in it? Type y or its name: ", u->distro);
    else
        snprintf(text, sizeof(text), "%s", u->prompt == PROMPT_SOURCE
                                               ? "Install from (busybox, a tar, a folder): "
                                               : "Name of the distro: ");
    used = grid_put(g, row, 0, g->cols - 4, STYLE_PROMPT, text);
    room = g->cols - used - 1;
    while (text_width(shown) > room) /* the end is what is being typed */
        do
            shown++;
        while ((*shown & 0xc0) == 0x80);
    used += grid_put(g, row, used, room, STYLE_PLAIN, shown);
    grid_cursor(g, row, used);
}

/* The keys that work now, as many as fit. */
static void draw_keys(struct ui *u, const struct model *m, struct grid *g)
{
    const struct model_distro *d = m->count ? &m->distros[u->index] : NULL;
    int row = g->rows - 1, col = 0;
    char name[KEY_TEXT];

    if (u->prompt != PROMPT_NONE) {
        grid_put(g, row, 0, g->cols, STYLE_LABEL, "Enter goes on, Esc leaves all as it is");
        return;
    }
    for (int i = 0; i < ACTIONS; i++) {
        const struct action *a = &action_table[i];
        int need;

        if (!a->label || !action_works((enum action_id)i, d))
            continue;
        key_text(a->keys[0], name);
        need = text_width(name) + 1 + text_width(a->label) + 2;
        if (col + need - 2 > g->cols)
            continue;
        col += grid_put(g, row, col, g->cols, STYLE_KEY, name) + 1;
        col += grid_put(g, row, col, g->cols - col, STYLE_LABEL, a->label) + 2;
    }
}

void ui_draw(struct ui *u, const struct model *m, struct grid *g)
{
    grid_clear(g);
    ui_selected(u, m);
    if (u->help) {
        draw_help(u, g);
    } else {
        draw_header(m, g);
        draw_table(u, m, g);
        draw_message(u, m, g);
    }
    draw_keys(u, m, g);
    if (u->prompt != PROMPT_NONE) {
        grid_fill(g, g->rows - 2, 0, g->cols, STYLE_PLAIN, ' ');
        draw_prompt(u, g);
    }
}
