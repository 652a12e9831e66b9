/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/action.h"

#include <string.h>

const struct action action_table[ACTIONS] = {
    [ACTION_HELP] = {{K_F1, '?', 'h'}, "Help", "show this help", "help", "h", OP_HELP, 0, false, CONFIRM_NONE},
    [ACTION_INSTALL] = {{'i', K_F2}, "Install", "install a distro: asks for source and name", "install", "i", OP_INSTALL, 0, false, CONFIRM_NONE},
    [ACTION_START] = {{'s', K_F7}, "Start", "start the distro", "start", "s", OP_START, 0, true, CONFIRM_NONE},
    [ACTION_SHELL] = {{K_ENTER}, "Shell", "open a shell in it, starting it first; its exit comes back", "shell", "sh", OP_SHELL, 0, true, CONFIRM_NONE},
    [ACTION_CONSOLE] = {{'a'}, "Console", "attach to its console, where it boots; Ctrl-] comes back", "console", "c", OP_CONSOLE, 0, true, CONFIRM_NONE},
    [ACTION_STOP] = {{'x', K_F8}, "Stop", "power it off in order", "stop", "x", OP_STOP, 0, true, CONFIRM_NONE},
    [ACTION_FREEZE] = {{'z'}, NULL, "suspend it: saved as it is, start goes on there", "suspend", "z", OP_SUSPEND, 0, true, CONFIRM_NONE},
    [ACTION_FORCE] = {{'X'}, NULL, "stop it by force, as if the power failed", "force", "f", OP_STOP, FLAG_FORCE, true, CONFIRM_NONE},
    [ACTION_CANCEL] = {{'c'}, "Cancel", "cancel the install in the selected row", NULL, NULL, -1, 0, true, CONFIRM_NONE},
    [ACTION_REMOVE] = {{'d', K_DELETE, K_F9}, "Remove", "remove it and everything in it; asks first", "remove", "r", OP_REMOVE, FLAG_YES, true, CONFIRM_NAME},
    [ACTION_STATS] = {{0}, NULL, "tell the boot phases and figures of a distro", "stats", "t", OP_STATS, 0, true, CONFIRM_NONE},
    [ACTION_LIST] = {{0}, NULL, "tell all distros and their state", "list", "l", OP_LIST, 0, false, CONFIRM_NONE},
    [ACTION_INFO] = {{0}, NULL, "tell a distro's settings, where each comes from, and its disk", "info", "n", OP_INFO, 0, true, CONFIRM_NONE},
    [ACTION_LOG] = {{0}, NULL, "tell what its kernel, its console and lxtop-vmm said", "log", "o", OP_LOG, 0, true, CONFIRM_NONE},
    [ACTION_DOCTOR] = {{0}, NULL, "tell what this host lacks, and what to do", "doctor", "d", OP_DOCTOR, 0, false, CONFIRM_NONE},
    [ACTION_UP] = {{K_UP, 'k'}, NULL, "one row up", NULL, NULL, -1, 0, false, CONFIRM_NONE},
    [ACTION_DOWN] = {{K_DOWN, 'j'}, NULL, "one row down", NULL, NULL, -1, 0, false, CONFIRM_NONE},
    [ACTION_PAGE_UP] = {{K_PGUP, K_CTRL('b')}, NULL, "one page up", NULL, NULL, -1, 0, false, CONFIRM_NONE},
    [ACTION_PAGE_DOWN] = {{K_PGDN, K_CTRL('f')}, NULL, "one page down", NULL, NULL, -1, 0, false, CONFIRM_NONE},
    [ACTION_FIRST] = {{K_HOME, 'g'}, NULL, "first row", NULL, NULL, -1, 0, false, CONFIRM_NONE},
    [ACTION_LAST] = {{K_END, 'G'}, NULL, "last row", NULL, NULL, -1, 0, false, CONFIRM_NONE},
    [ACTION_REDRAW] = {{K_CTRL('l')}, NULL, "paint the screen anew", NULL, NULL, -1, 0, false, CONFIRM_NONE},
    [ACTION_SUSPEND] = {{K_CTRL('z')}, NULL, "back to the shell for a while; fg returns", NULL, NULL, -1, 0, false, CONFIRM_NONE},
    [ACTION_QUIT] = {{'q', K_F10, K_CTRL('c')}, "Quit", "leave lxtop; running distros go on running", "quit", "q", -1, 0, false, CONFIRM_NONE},
};

int action_of_key(ui_key k)
{
    for (int i = 0; i < ACTIONS; i++)
        for (int j = 0; j < ACTION_KEYS; j++)
            if (k != K_NONE && action_table[i].keys[j] == k)
                return i;
    return -1;
}

int action_of_word(const char *word)
{
    for (int i = 0; i < ACTIONS; i++)
        if (action_table[i].word &&
            (strcmp(action_table[i].word, word) == 0 || strcmp(action_table[i].letter, word) == 0))
            return i;
    return -1;
}

bool action_works(enum action_id a, const struct model_distro *d)
{
    const struct action *row = &action_table[a];

    if (row->selection && !d)
        return false;
    if (a == ACTION_CANCEL)
        return d->state == MACHINE_INSTALLING && d->task;
    return row->op < 0 || !row->selection || op_legal((enum op_id)row->op, d->state);
}
