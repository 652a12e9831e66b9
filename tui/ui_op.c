/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/ui_op.h"

#include <stdio.h>
#include <string.h>

#include "core/base/err.h"

/* For all marked rows: those for which it is not legal are refused one by one, in words, when they run. */
static struct ui_request for_marked(struct ui *u, enum op_id op, unsigned flags)
{
    struct list *l = &u->list[VIEW_DISTROS];
    struct ui_request r = ui_op(u, op, flags, NULL);

    r.targets = l->mark;
    r.target_count = l->marks;
    return r;
}

bool ui_of_marked(const struct ui *u)
{
    return u->view == VIEW_DISTROS && u->list[VIEW_DISTROS].marks > 0;
}

/* For all marked rows, or for one. */
static struct ui_request for_chosen(struct ui *u, enum op_id op, unsigned flags, const char *distro)
{
    return ui_of_marked(u) ? for_marked(u, op, flags) : ui_op(u, op, flags, distro);
}

/* `done`: what has not been, without a yes. */
static struct ui_request answer(struct ui *u, bool yes, enum op_id op, unsigned flags, const char *done)
{
    u->prompt = (struct prompt){0};
    if (yes)
        return for_chosen(u, op, flags, u->distro);
    ui_hint(u, "%s not %s.", ui_of_marked(u) ? "The marked distros were" : u->distro, done);
    return (struct ui_request){0};
}

static struct ui_request answer_remove(struct ui *u, const struct model *m)
{
    bool yes = strcmp(u->prompt.line, "y") == 0 || (!ui_of_marked(u) && strcmp(u->prompt.line, u->distro) == 0);

    (void)m;
    return answer(u, yes, OP_REMOVE, FLAG_YES, "removed");
}

static void ask_remove(struct ui *u, const struct model_distro *d)
{
    snprintf(u->distro, sizeof(u->distro), "%s", d->name);
    if (ui_of_marked(u))
        ui_ask(u, answer_remove, "", "Remove %u marked distros and everything in them? Type y: ",
               u->list[VIEW_DISTROS].marks);
    else
        ui_ask(u, answer_remove, "", "Remove %s and everything in it? Type y or its name: ", u->distro);
}

const char *ui_key_of(const struct ui *u, enum action_id a, char to[KEY_TEXT])
{
    char text[KEY_TEXT];

    snprintf(text, sizeof(text), "{%s}", action_table[a].name);
    keymap_fill(&u->keys, u->view, text, to, KEY_TEXT);
    return to;
}

static struct ui_request answer_force(struct ui *u, const struct model *m)
{
    (void)m;
    return answer(u, strcmp(u->prompt.line, "y") == 0, OP_STOP, FLAG_FORCE, "stopped");
}

/* What is in memory alone, and files half written, are lost. */
static void ask_force(struct ui *u, const struct model_distro *d)
{
    char whom[NAME_MAX_LEN + 32];

    snprintf(u->distro, sizeof(u->distro), "%s", d->name);
    snprintf(whom, sizeof(whom), "%s", u->distro);
    if (ui_of_marked(u))
        snprintf(whom, sizeof(whom), "%u marked distros", u->list[VIEW_DISTROS].marks);
    ui_ask(u, answer_force, "", "Stop %s by force? What is not saved is lost. Type y: ", whom);
}

/* NAME, or NAME NEWNAME. */
static struct ui_request answer_undo(struct ui *u, const struct model *m)
{
    char *as = strchr(u->prompt.line, ' ');
    struct ui_request r;

    (void)m;
    if (!*u->prompt.line) {
        u->prompt = (struct prompt){0};
        ui_hint(u, "Nothing was changed.");
        return (struct ui_request){0};
    }
    u->prompt.answer = NULL; /* the line is read by the one who carries it out */
    if (as)
        *as++ = '\0';
    r = ui_op(u, OP_TRASH_RESTORE, 0, u->prompt.line);
    r.args.as = as && *as ? as : NULL;
    return r;
}

void ask_undo(struct ui *u, const struct model *m)
{
    char names[NAME_MAX_LEN + 48] = "";
    size_t len = 0;

    if (m->removed_count == 0) {
        ui_hint_keys(u, "The trash is empty. {snapshots}, then {snapshot_undo}, takes a snapshot's restore back.");
        return;
    }
    for (unsigned i = 0; i < m->removed_count && len < sizeof(names) - 1; i++)
        len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "", m->removed[i].name);
    if (len >= sizeof(names))
        strcpy(names + sizeof(names) - 4, "...");
    ui_ask(u, answer_undo, m->removed[0].name, "Bring back (of %s), perhaps with a new name behind it: ", names);
}

/* An action that does not work now says why; nothing else happens. */
struct ui_request ui_refuse(struct ui *u, enum action_id a, const struct model_distro *d)
{
    struct err e = {0};
    char key[KEY_TEXT];

    if (!d && view_table[ui_beneath(u)]->of_distro && *u->subject)
        ui_hint(u, "%s is gone; %s leads back to the distros.", u->subject, ui_key_of(u, ACTION_BACK, key));
    else if (!d)
        ui_hint_keys(u, u->view == VIEW_DISTROS ? "There is no distro yet: press {install} to install one."
                                                : "There is no distro yet: press {view_install} to install one.");
    else if (a == ACTION_CANCEL)
        ui_hint(u, "%s is not being installed by this lxtop.", d->name);
    else if (op_refuse((enum op_id)action_judged_as(a), d, &e) < 0)
        ui_hint(u, "%s.", e.msg);
    return (struct ui_request){0};
}

struct ui_request ui_operate(struct ui *u, enum action_id a, const struct model_distro *d)
{
    const struct action *row = &action_table[a];

    if (row->confirm == CONFIRM_NAME) {
        ask_remove(u, d);
        return (struct ui_request){0};
    }
    if (row->confirm == CONFIRM_YES) {
        ask_force(u, d);
        return (struct ui_request){0};
    }
    return for_chosen(u, (enum op_id)row->op, row->flags, d->name);
}
