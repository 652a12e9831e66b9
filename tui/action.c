/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/action.h"

#include <string.h>

#define IN(v) VIEW_BIT(VIEW_##v)
#define ALL (ACTION_ANYWHERE & ~IN(PANES)) /* where all keys are the program's */
#define OF_DISTRO (IN(DISTROS) | IN(INFO) | IN(LOG) | IN(SETTINGS))
#define ROWS (ALL & ~IN(PALETTE))

const struct action action_table[ACTIONS] = {
    [ACTION_HELP] = {"help", {K_F1, '?', 'h'}, "Help", "show the keys of this view", "help", "h", OP_HELP, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_INSTALL] = {"install", {'i', K_F2}, "Install", "install a distro: asks for source, name and settings", "install", "i", OP_INSTALL, 0, false, CONFIRM_NONE, IN(DISTROS) | IN(TASKS)},
    [ACTION_START] = {"start", {'s', K_F7}, "Start", "start the distro", "start", "s", OP_START, 0, true, CONFIRM_NONE, OF_DISTRO | IN(FILES) | IN(SNAPSHOTS)},
    [ACTION_SHELL] = {"shell", {K_ENTER}, "Shell", "open a shell in it, starting it first; its exit comes back", "shell", "sh", OP_SHELL, 0, true, CONFIRM_NONE, IN(DISTROS) | IN(INFO)},
    [ACTION_CONSOLE] = {"console", {'a'}, "Console", "attach to its console, where it boots; Ctrl-] comes back", "console", "c", OP_CONSOLE, 0, true, CONFIRM_NONE, OF_DISTRO},
    [ACTION_PANE] = {"pane", {'w'}, NULL, "open a shell in it in a pane of this screen, starting it first", NULL, NULL, -1, 0, true, CONFIRM_NONE, OF_DISTRO},
    [ACTION_PANE_CONSOLE] = {"pane_console", {'W'}, NULL, "open its boot console in a pane of this screen", NULL, NULL, -1, 0, true, CONFIRM_NONE, OF_DISTRO},
    [ACTION_PANES] = {"panes", {'0'}, NULL, "go to the open panes; {prefix} d comes back", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_STOP] = {"stop", {'x', K_F8}, "Stop", "power it off in order", "stop", "x", OP_STOP, 0, true, CONFIRM_NONE, OF_DISTRO | IN(SNAPSHOTS)},
    [ACTION_FREEZE] = {"suspend", {'z'}, NULL, "suspend it: saved as it is, start goes on there", "suspend", "z", OP_SUSPEND, 0, true, CONFIRM_NONE, OF_DISTRO},
    [ACTION_FORCE] = {"force", {'X'}, NULL, "stop it by force, as if the power failed; asks first", "force", "f", OP_STOP, FLAG_FORCE, true, CONFIRM_YES, OF_DISTRO},
    [ACTION_CANCEL] = {"cancel", {'c'}, "Cancel", "cancel the install or task in the selected row", NULL, NULL, -1, 0, true, CONFIRM_NONE, IN(DISTROS) | IN(TASKS)},
    [ACTION_REMOVE] = {"remove", {'d', K_DELETE, K_F9}, "Remove", "remove it and everything in it; asks first, and undo brings it back", "remove", "r", OP_REMOVE, FLAG_YES, true, CONFIRM_NAME, IN(DISTROS) | IN(INFO)},
    [ACTION_UNDO] = {"undo", {'R'}, NULL, "bring a removed distro back from the trash", "undo", "u", OP_TRASH_RESTORE, 0, false, CONFIRM_NONE, IN(DISTROS) | IN(TASKS)},
    [ACTION_STATS] = {NULL, {0}, NULL, "tell the boot phases and figures of a distro", "stats", "t", OP_STATS, 0, true, CONFIRM_NONE, 0},
    [ACTION_LIST] = {NULL, {0}, NULL, "tell all distros and their state", "list", "l", OP_LIST, 0, false, CONFIRM_NONE, 0},
    [ACTION_INFO] = {NULL, {0}, NULL, "tell a distro's settings, where each comes from, and its disk", "info", "n", OP_INFO, 0, true, CONFIRM_NONE, 0},
    [ACTION_LOG] = {NULL, {0}, NULL, "tell what its kernel, its console and lxtop-vmm said", "log", "o", OP_LOG, 0, true, CONFIRM_NONE, 0},
    [ACTION_DOCTOR] = {NULL, {0}, NULL, "tell what this host lacks, and what to do", "doctor", "d", OP_DOCTOR, 0, false, CONFIRM_NONE, 0},
    [ACTION_VIEW_DISTROS] = {"view_distros", {'1'}, NULL, "all distros", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_VIEW_INFO] = {"view_info", {'v', '2', K_RIGHT}, NULL, "everything about the distro: boot, history, settings, devices", NULL, NULL, -1, 0, true, CONFIRM_NONE, ROWS},
    [ACTION_VIEW_LOG] = {"view_log", {'l', '3'}, NULL, "its console log, and what lxtop-vmm said", NULL, NULL, -1, 0, true, CONFIRM_NONE, ROWS},
    [ACTION_VIEW_FILES] = {"view_files", {'b', '4'}, NULL, "browse its files beside those of this machine", NULL, NULL, -1, 0, true, CONFIRM_NONE, ROWS},
    [ACTION_VIEW_INSTALL] = {"view_install", {'5'}, NULL, "what a distro can be installed from", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_VIEW_TASKS] = {"view_tasks", {'6'}, NULL, "tasks, running and past", "tasks", "k", -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_VIEW_SETTINGS] = {"view_settings", {'e', '7'}, NULL, "its settings and the console's, and where each comes from", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_VIEW_EVENTS] = {"view_events", {'m', '8'}, NULL, "what happened, the newest last", "events", "e", -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_NEXT_VIEW] = {"next_view", {'\t'}, NULL, "the next view", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_PREVIOUS_VIEW] = {"previous_view", {K_BACKTAB}, NULL, "the view before", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_BACK] = {"back", {K_ESC, 'q'}, "Back", "go back; first to all rows, where a filter hides some", NULL, NULL, -1, 0, false, CONFIRM_NONE, ALL & ~IN(DISTROS)},
    [ACTION_CLEAR] = {"clear", {K_ESC}, NULL, "take filter and marks away", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(DISTROS)},
    [ACTION_PALETTE] = {"palette", {':', K_CTRL('p')}, NULL, "find an action by typing a part of it", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS & ~IN(HELP)},
    [ACTION_SEARCH] = {"search", {'/', K_F3}, NULL, "search while you type", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_SEARCH_NEXT] = {"search_next", {'n'}, NULL, "the next match", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_SEARCH_PREVIOUS] = {"search_previous", {'N'}, NULL, "the match before", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_FILTER] = {"filter", {'\\', 'f', K_F4}, NULL, "show only the rows that hold a text; empty shows all", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_SORT] = {"sort", {'>', K_F6}, NULL, "sort by the next column", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(DISTROS)},
    [ACTION_SORT_BACK] = {"sort_back", {'<'}, NULL, "sort by the column before", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(DISTROS)},
    [ACTION_INVERT] = {"invert", {'I'}, NULL, "sort the other way round", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(DISTROS)},
    [ACTION_COLUMNS] = {"columns", {'o'}, NULL, "choose the columns", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(DISTROS)},
    [ACTION_MARK] = {"mark", {' ', 't'}, NULL, "mark the row; an action then is for all marked rows", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(DISTROS) | IN(FILES)},
    [ACTION_MARK_ALL] = {"mark_all", {'*'}, NULL, "mark all rows shown", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(DISTROS) | IN(FILES)},
    [ACTION_UNMARK] = {"unmark", {'U'}, NULL, "take all marks away", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(DISTROS) | IN(FILES)},
    [ACTION_HOLD] = {"hold", {'Z'}, NULL, "hold all figures still; again lets them go on", NULL, NULL, -1, 0, false, CONFIRM_NONE, ROWS},
    [ACTION_TICK] = {"tick", {'u'}, NULL, "let the figures of the selected row change as they come, or not", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(DISTROS)},
    [ACTION_OPEN] = {"open", {K_ENTER}, "Open", "open or change what is selected", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(FILES) | IN(INSTALL) | IN(SETTINGS)},
    [ACTION_SNAPSHOTS] = {"snapshots", {'S'}, NULL, "its snapshots as a tree", NULL, NULL, -1, 0, true, CONFIRM_NONE, OF_DISTRO},
    [ACTION_SNAPSHOT_NEW] = {"snapshot_new", {'p', K_INSERT}, NULL, "take a snapshot of its disk, also while it runs", NULL, NULL, -1, 0, true, CONFIRM_NONE, OF_DISTRO | IN(SNAPSHOTS)},
    [ACTION_SNAPSHOT_MEMORY] = {"snapshot_memory", {'P'}, NULL, "take one of all that runs in it, with its memory", NULL, NULL, -1, 0, true, CONFIRM_NONE, OF_DISTRO | IN(SNAPSHOTS)},
    [ACTION_SNAPSHOT_RESTORE] = {"snapshot_restore", {K_ENTER, 'r'}, "Go back", "put the disk back to the snapshot; undo takes it back", NULL, NULL, -1, 0, true, CONFIRM_NONE, IN(SNAPSHOTS)},
    [ACTION_SNAPSHOT_UNDO] = {"snapshot_undo", {'R'}, NULL, "undo: the disk is what it was before it last went back", NULL, NULL, -1, 0, true, CONFIRM_NONE, IN(SNAPSHOTS)},
    [ACTION_SNAPSHOT_DELETE] = {"snapshot_delete", {'d', K_DELETE, K_F8}, "Delete", "delete the snapshot; what stands on it stays", NULL, NULL, -1, 0, true, CONFIRM_NONE, IN(SNAPSHOTS)},
    [ACTION_SNAPSHOT_CLONE] = {"snapshot_clone", {'c', K_F5}, "Clone", "make a new distro of the snapshot", NULL, NULL, -1, 0, true, CONFIRM_NONE, IN(SNAPSHOTS)},
    [ACTION_SNAPSHOT_DIFF] = {"snapshot_diff", {'='}, "Compare", "which files differ from another snapshot, or from the disk now", NULL, NULL, -1, 0, true, CONFIRM_NONE, IN(SNAPSHOTS)},
    [ACTION_LOG_OTHER] = {"log_other", {'l', 'o'}, "Other log", "the other log: the console's or lxtop-vmm's", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(LOG)},
    [ACTION_FILE_SIDE] = {"file_side", {'\t'}, "Other side", "to the files of the other side", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(FILES)},
    [ACTION_FILE_PARENT] = {"file_parent", {K_LEFT, K_BACKSPACE}, NULL, "to the folder above", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(FILES)},
    [ACTION_FILE_VIEW] = {"file_view", {'v', K_RIGHT}, "View", "show the file with $PAGER", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(FILES)},
    [ACTION_FILE_EDIT] = {"file_edit", {'e'}, "Edit", "change the file with $EDITOR", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(FILES)},
    [ACTION_FILE_COPY] = {"file_copy", {'c', K_F5}, "Copy", "copy it, or what is marked, to the other side", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(FILES)},
    [ACTION_FILE_RENAME] = {"file_rename", {'r', K_F6}, "Rename", "give it another name", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(FILES)},
    [ACTION_FILE_REMOVE] = {"file_remove", {'d', K_DELETE, K_F8}, "Remove", "remove it, or what is marked; asks first", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(FILES)},
    [ACTION_FILE_RELOAD] = {"file_reload", {'R', K_CTRL('r')}, NULL, "look again at the folders", NULL, NULL, -1, 0, false, CONFIRM_NONE, IN(FILES)},
    [ACTION_UP] = {"up", {K_UP, 'k'}, NULL, "one row up", NULL, NULL, -1, 0, false, CONFIRM_NONE, ALL},
    [ACTION_DOWN] = {"down", {K_DOWN, 'j'}, NULL, "one row down", NULL, NULL, -1, 0, false, CONFIRM_NONE, ALL},
    [ACTION_PAGE_UP] = {"page_up", {K_PGUP, K_CTRL('b')}, NULL, "one page up", NULL, NULL, -1, 0, false, CONFIRM_NONE, ALL},
    [ACTION_PAGE_DOWN] = {"page_down", {K_PGDN, K_CTRL('f')}, NULL, "one page down", NULL, NULL, -1, 0, false, CONFIRM_NONE, ALL},
    [ACTION_FIRST] = {"first", {K_HOME, 'g'}, NULL, "first row", NULL, NULL, -1, 0, false, CONFIRM_NONE, ALL},
    [ACTION_LAST] = {"last", {K_END, 'G'}, NULL, "last row; a log then follows", NULL, NULL, -1, 0, false, CONFIRM_NONE, ALL},
    [ACTION_REDRAW] = {"redraw", {K_CTRL('l')}, NULL, "paint the screen anew", NULL, NULL, -1, 0, false, CONFIRM_NONE, ALL},
    [ACTION_SUSPEND] = {"background", {K_CTRL('z')}, NULL, "back to the shell for a while; fg returns", NULL, NULL, -1, 0, false, CONFIRM_NONE, ALL},
    [ACTION_QUIT] = {"quit", {'q', K_F10, K_CTRL('c')}, "Quit", "leave lxtop; running distros go on running", "quit", "q", -1, 0, false, CONFIRM_NONE, ALL},
};

int action_of_word(const char *word)
{
    for (int i = 0; i < ACTIONS; i++)
        if (action_table[i].word &&
            (strcmp(action_table[i].word, word) == 0 || strcmp(action_table[i].letter, word) == 0))
            return i;
    return -1;
}

/* Panes are no operations of their own: they are legal as what runs in them is. */
int action_judged_as(enum action_id a)
{
    return a == ACTION_PANE ? (int)OP_SHELL : a == ACTION_PANE_CONSOLE ? (int)OP_CONSOLE : action_table[a].op;
}

bool action_works(enum action_id a, const struct model_distro *d)
{
    int op = action_judged_as(a);

    if (action_table[a].selection && !d)
        return false;
    if (a == ACTION_CANCEL)
        return d->state == MACHINE_INSTALLING && d->task;
    return op < 0 || !action_table[a].selection || op_legal((enum op_id)op, d->state);
}
