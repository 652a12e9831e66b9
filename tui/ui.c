/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/ui.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"

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
    int index;

    if (*u->awaited && model_index(m, u->awaited) >= 0) {
        memcpy(u->selected, u->awaited, sizeof(u->selected));
        u->awaited[0] = '\0';
    }
    index = *u->selected ? model_index(m, u->selected) : -1;
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

static struct ui_request answer_source(struct ui *u, const struct model *m)
{
    auto_free char *name = NULL;

    (void)m;
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

/* A name that cannot be is judged while it can still be mended. */
static struct ui_request answer_name(struct ui *u, const struct model *m)
{
    struct ui_request r;
    struct err e = {0};

    if (store_check_name(u->line, &e) < 0)
        hint(u, "%s.", e.msg);
    else if (model_find(m, u->line))
        hint(u, "There is a distro named %s already; give another name.", u->line);
    if (*u->hint)
        return (struct ui_request){0};
    u->prompt = PROMPT_NONE;
    r = want_op(u, OP_INSTALL, FLAG_NAME, u->line);
    r.args.source = u->source;
    memcpy(u->awaited, u->distro, sizeof(u->awaited));
    return r;
}

static struct ui_request answer_confirm(struct ui *u, const struct model *m)
{
    bool yes = strcmp(u->line, "y") == 0 || strcmp(u->line, u->distro) == 0;
    char name[NAME_MAX_LEN + 1];

    (void)m;
    u->prompt = PROMPT_NONE;
    memcpy(name, u->distro, sizeof(name));
    if (yes)
        return want_op(u, OP_REMOVE, FLAG_YES, name);
    hint(u, "%s was not removed.", name);
    return (struct ui_request){0};
}

static struct ui_request (*const answers[])(struct ui *u, const struct model *m) = {
    [PROMPT_SOURCE] = answer_source, [PROMPT_NAME] = answer_name, [PROMPT_CONFIRM] = answer_confirm};

static void erase_char(char *line)
{
    size_t len = strlen(line);

    while (len && (line[len - 1] & 0xc0) == 0x80)
        len--;
    line[len ? len - 1 : 0] = '\0';
}

static void type_key(struct ui *u, ui_key k)
{
    size_t len = strlen(u->line);

    if (k == K_BACKSPACE || k == K_CTRL('h'))
        erase_char(u->line);
    else if (k == K_CTRL('u'))
        u->line[0] = '\0';
    else if (k >= ' ' && k < K_UP && len + UTF8_MAX < sizeof(u->line))
        u->line[len + utf8_put(u->line + len, k)] = '\0';
}

static struct ui_request prompt_key(struct ui *u, const struct model *m, ui_key k)
{
    if (k == K_ESC || k == K_CTRL('c')) {
        u->prompt = PROMPT_NONE;
        hint(u, "Nothing was changed.");
    } else if (k == K_ENTER || k == '\r') {
        return answers[u->prompt](u, m);
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
    u->awaited[0] = '\0';
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

static struct ui_request want_distro(struct ui *u, enum ui_want want, const struct model_distro *d)
{
    snprintf(u->distro, sizeof(u->distro), "%s", d->name);
    return (struct ui_request){.want = want, .distro = u->distro};
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
    case ACTION_SHELL:
        return want_distro(u, WANT_SHELL, d);
    case ACTION_CONSOLE:
        return want_distro(u, WANT_CONSOLE, d);
    case ACTION_CANCEL:
        return want_distro(u, WANT_CANCEL, d);
    case ACTION_SUSPEND:
        return (struct ui_request){.want = WANT_SUSPEND};
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

/* What moves moves the help; whatever else is pressed leads back, q too, as in every pager. */
static struct ui_request help_key(struct ui *u, const struct model *m, ui_key k, int a)
{
    if (a >= 0 && a != ACTION_HELP && action_table[a].op < 0 && k != 'q' && !action_table[a].selection)
        return act(u, m, (enum action_id)a);
    u->help = false;
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
        return prompt_key(u, m, k);
    a = action_of_key(k == '\r' ? K_ENTER : k);
    if (u->help)
        return help_key(u, m, k, a);
    if (a >= 0)
        return act(u, m, (enum action_id)a);
    if (k != K_NONE)
        hint(u, "%s does nothing here; F1 or ? shows the keys.", key_text(k, name));
    return (struct ui_request){0};
}
