/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a distro beside those of this machine: to look at, change, copy across, rename, remove. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "tui/format.h"
#include "tui/ui.h"

#define TWO_SIDES 76 /* columns from which on both sides are shown */
#define PLACE_TEXT (FILES_PATH + GUEST_NAME)
#define GUEST_NAME 80

/* --- where one is --- */

void files_release(struct files *f)
{
    list_release(&f->here);
    for (unsigned i = 0; i < f->words; i++)
        free(f->word[i]);
    free(f->word);
    *f = (struct files){0};
}

/* A path below a folder, which ends in no slash but that of the root. */
static bool join(char *to, size_t size, const char *folder, const char *name)
{
    return snprintf(to, size, "%s%s%s", folder, strcmp(folder, "/") == 0 ? "" : "/", name) < (int)size;
}

const char *files_place(const struct ui *u, int side, const char *name, char *to)
{
    char path[FILES_PATH + 8];

    if (!join(path, sizeof(path), u->files.path[side], name))
        path[0] = '\0';
    if (side == 0)
        snprintf(to, PLACE_TEXT, "%s:%s", u->subject, path);
    else
        snprintf(to, PLACE_TEXT, "%s", path);
    return to;
}

/* The folder that is listed is the one that is wanted. */
static const struct model_folder *folder_of(const struct ui *u, const struct model *m, int side)
{
    const struct model_folder *f = &m->folder[side];
    bool same = f->known && f->path && strcmp(f->path, u->files.path[side]) == 0;

    return same && (side || strcmp(u->files.distro, u->subject) == 0) ? f : NULL;
}

static unsigned count(const struct ui *u, const struct model *m)
{
    const struct model_folder *f = folder_of(u, m, u->files.side);

    return f ? f->count : 0;
}

static void text(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size)
{
    const struct model_file *f = &m->folder[u->files.side].files[row];

    snprintf(to, size, "%s", whole ? f->shown : f->name);
}

static const struct model_file *selected_file(const struct ui *u, const struct model *m)
{
    int row = list_row(u->files.side ? &u->files.here : &u->list[VIEW_FILES]);

    return row < 0 ? NULL : &m->folder[u->files.side].files[row];
}

/* --- drawing --- */

static const char *kind_of(const struct model_file *f)
{
    unsigned kind = f->mode & S_IFMT;

    return f->folder ? "/" : kind == S_IFLNK ? "@" : kind == S_IFREG ? (f->mode & 0111 ? "*" : "") : "|";
}

static void draw_file(const struct model_file *f, struct grid *g, int at, int col, int width, bool selected)
{
    char cell[FORMAT_TEXT] = "", name[TREE_NAME_SIZE + 2];
    struct tm t;
    int room = width >= 50 ? width - 26 : width - 8;

    snprintf(name, sizeof(name), "%s%s", f->shown, kind_of(f));
    grid_put(g, at, col, room, f->folder && !selected ? STYLE_FOLDER : STYLE_PLAIN, name);
    grid_put_right(g, at, col + room + 1, 6, STYLE_PLAIN, f->folder ? "" : format_size(cell, f->size));
    if (width >= 50 && f->changed && localtime_r(&f->changed, &t) &&
        strftime(cell, sizeof(cell), "%Y-%m-%d %H:%M", &t))
        grid_put(g, at, col + room + 9, 16, STYLE_PLAIN, cell);
}

static void draw_heading(const struct ui *u, struct grid *g, int at, int col, int width, int side)
{
    bool here = u->files.side == side;
    char line[PLACE_TEXT + 4], place[PLACE_TEXT];

    files_place(u, side, "", place);
    if (strlen(place) > 1 && place[strlen(place) - 1] == '/' && strcmp(u->files.path[side], "/") != 0)
        place[strlen(place) - 1] = '\0';
    snprintf(line, sizeof(line), here ? "[%s]" : " %s", place);
    grid_put(g, at, col, width, STYLE_COLUMNS, line);
}

static void say_none(const struct ui *u, const struct model *m, struct grid *g, struct area a, int col, int width, int side)
{
    const struct model_folder *f = folder_of(u, m, side);
    const struct model_distro *d = model_find(m, u->subject);
    const char *why = f && *f->why ? f->why : f ? "Nothing in it." : "Looking...";
    char stopped[128];

    keymap_fill(&u->keys, VIEW_FILES, "It does not run; {start} starts it.", stopped, sizeof(stopped));
    if (side == 0 && d && d->state != MACHINE_RUNNING)
        why = stopped;
    grid_put_rows(g, a.row, col, width, a.rows, STYLE_PLAIN, why);
}

static void draw_side(struct ui *u, const struct model *m, struct grid *g, struct area a, int col, int width, int side)
{
    struct list *l = side ? &u->files.here : &u->list[VIEW_FILES];
    const struct model_folder *f = folder_of(u, m, side);

    if (u->head_row >= 0)
        draw_heading(u, g, u->head_row, col + 2, width - 2, side);
    list_scroll(l, a.rows);
    for (int i = 0; f && i < l->page && l->top + i < l->count; i++) {
        bool selected = u->files.side == side && l->top + i == l->index;
        const struct model_file *file = &f->files[l->shown[l->top + i]];

        draw_file(file, g, a.row + i, col + 2, width - 3, selected);
        grid_put(g, a.row + i, col + 1, 1, STYLE_PLAIN, list_marked(l, file->name) ? "+" : " ");
        if (!selected)
            continue;
        grid_put(g, a.row + i, col, 1, STYLE_PLAIN, ">");
        grid_style(g, a.row + i, col, width, STYLE_SELECTED);
        grid_cursor(g, a.row + i, col + 2);
    }
    if (l->count)
        return;
    say_none(u, m, g, a, col + 2, width - 3, side);
    if (u->files.side == side)
        grid_cursor(g, a.row, col + 2);
}

static void refresh_side(struct ui *u, const struct model *m, int side)
{
    int before = u->files.side;

    u->files.side = side;
    list_refresh(ui_list(u), &view_files, u, m);
    u->files.side = before;
}

static void draw(struct ui *u, const struct model *m, struct grid *g, struct area a)
{
    int half = g->cols / 2;

    refresh_side(u, m, !u->files.side);
    if (g->cols < TWO_SIDES) {
        draw_side(u, m, g, a, 0, g->cols, u->files.side);
        return;
    }
    for (int i = 0; i < a.rows; i++)
        grid_put(g, a.row + i, half - 1, 1, STYLE_DIM, u->look.ascii ? "|" : "\u2502");
    for (int side = 0; side < 2; side++)
        draw_side(u, m, g, a, side ? half : 0, side ? g->cols - half : half - 1, side);
}

/* --- what the keys do --- */

static void to_folder(struct ui *u, const struct model *m, const char *path)
{
    struct files *f = &u->files;

    snprintf(f->path[f->side], FILES_PATH, "%s", path);
    list_unmark_all(ui_list(u));
    ui_list(u)->filter[0] = '\0';
    ui_list(u)->index = 0;
    ui_list(u)->name[0] = '\0';
    ui_refresh(u, m);
}

/* One comes out where one went in: on the folder's name. */
static void to_parent(struct ui *u, const struct model *m)
{
    char path[FILES_PATH], name[LIST_NAME] = "";
    char *slash;

    snprintf(path, sizeof(path), "%s", u->files.path[u->files.side]);
    slash = strrchr(path, '/');
    if (!slash || !slash[1]) {
        ui_hint(u, "There is no folder above this one.");
        return;
    }
    snprintf(name, sizeof(name), "%s", slash + 1);
    slash[slash == path] = '\0';
    to_folder(u, m, path);
    snprintf(ui_list(u)->awaited, LIST_NAME, "%s", name);
}

static void into(struct ui *u, const struct model *m, const struct model_file *f)
{
    char path[FILES_PATH];

    if (strcmp(f->name, "..") == 0)
        to_parent(u, m);
    else if (join(path, sizeof(path), u->files.path[u->files.side], f->name))
        to_folder(u, m, path);
}

static void words_clear(struct files *f)
{
    for (unsigned i = 0; i < f->words; i++)
        free(f->word[i]);
    f->words = 0;
}

static void word_add(struct files *f, const char *text)
{
    char **more = realloc(f->word, (f->words + 1) * sizeof(*more));

    if (!more)
        return;
    f->word = more;
    if ((more[f->words] = strdup(text)))
        f->words++;
}

/* The marked files, else the selected one; ".." is none. */
static void words_chosen(struct ui *u, const struct model *m)
{
    const struct model_file *f = selected_file(u, m);
    struct list *l = ui_list(u);
    char place[PLACE_TEXT];

    words_clear(&u->files);
    for (unsigned i = 0; i < l->marks; i++)
        if (strcmp(l->mark[i], "..") != 0)
            word_add(&u->files, files_place(u, u->files.side, l->mark[i], place));
    if (!l->marks && f && strcmp(f->name, "..") != 0)
        word_add(&u->files, files_place(u, u->files.side, f->name, place));
}

static struct ui_request want_words(struct ui *u, enum ui_want want)
{
    struct ui_request r = ui_want(u, want, u->subject);

    for (unsigned i = 0; i < u->files.words && i < OP_WORDS; i++)
        r.args.word[r.args.words++] = u->files.word[i];
    return r;
}

static struct ui_request copy(struct ui *u, const struct model *m)
{
    char place[PLACE_TEXT];
    struct ui_request r;

    words_chosen(u, m);
    if (!u->files.words || u->files.words >= OP_WORDS) {
        ui_hint(u, u->files.words ? "Too many files at once." : "There is nothing to copy here.");
        return (struct ui_request){0};
    }
    word_add(&u->files, files_place(u, !u->files.side, "", place));
    r = want_words(u, WANT_OP);
    r.args.op = OP_COPY;
    r.args.flags = FLAG_RECURSIVE | FLAG_PRESERVE;
    r.args.distro = u->distro;
    list_unmark_all(ui_list(u));
    ui_hint(u, "Copying; view Tasks tells how far it is.");
    return r;
}

static struct ui_request answer_rename(struct ui *u, const struct model *m)
{
    char place[PLACE_TEXT];

    (void)m;
    words_clear(&u->files);
    word_add(&u->files, files_place(u, u->files.side, u->files.name, place));
    word_add(&u->files, u->prompt.line);
    u->prompt = (struct prompt){0};
    return u->files.words == 2 && *u->files.word[1] ? want_words(u, WANT_FILE_RENAME) : (struct ui_request){0};
}

static struct ui_request answer_remove(struct ui *u, const struct model *m)
{
    bool yes = strcmp(u->prompt.line, "y") == 0;

    (void)m;
    u->prompt = (struct prompt){0};
    if (!yes) {
        ui_hint(u, "Nothing was removed.");
        return (struct ui_request){0};
    }
    list_unmark_all(ui_list(u));
    return want_words(u, WANT_FILE_REMOVE);
}

static void ask_remove(struct ui *u, const struct model *m, const struct model_file *f)
{
    words_chosen(u, m);
    if (u->files.words > 1 || (u->files.words && ui_list(u)->marks))
        ui_ask(u, answer_remove, "", "Remove %u marked files and all that is in them? Type y: ", u->files.words);
    else if (u->files.words)
        ui_ask(u, answer_remove, "", "Remove %.100s%s? Type y: ", f->shown, f->folder ? " and all that is in it" : "");
}

static void ask_rename(struct ui *u, const struct model_file *f)
{
    if (strcmp(f->name, "..") == 0)
        return;
    snprintf(u->files.name, sizeof(u->files.name), "%s", f->name);
    ui_ask(u, answer_rename, f->name, "New name of %.100s: ", f->shown);
}

static struct ui_request look_into(struct ui *u, const struct model *m, const struct model_file *f, bool edit)
{
    char place[PLACE_TEXT];

    if (f->folder) {
        if (edit)
            ui_hint(u, "%s is a folder.", f->shown);
        else
            into(u, m, f);
        return (struct ui_request){0};
    }
    if ((f->mode & S_IFMT) != S_IFREG && (f->mode & S_IFMT) != S_IFLNK) {
        ui_hint(u, "%s is no regular file.", f->shown);
        return (struct ui_request){0};
    }
    words_clear(&u->files);
    word_add(&u->files, files_place(u, u->files.side, f->name, place));
    return want_words(u, edit ? WANT_FILE_EDIT : WANT_FILE_VIEW);
}

static bool act_on_file(struct ui *u, const struct model *m, int a, const struct model_file *f, struct ui_request *r)
{
    switch (a) {
    case ACTION_OPEN:
    case ACTION_FILE_VIEW:
    case ACTION_FILE_EDIT:
        *r = look_into(u, m, f, a == ACTION_FILE_EDIT);
        return true;
    case ACTION_FILE_COPY:
        *r = copy(u, m);
        return true;
    case ACTION_FILE_RENAME:
        ask_rename(u, f);
        return true;
    case ACTION_FILE_REMOVE:
        ask_remove(u, m, f);
        return true;
    default:
        return false;
    }
}

static bool of_file(int a)
{
    return a == ACTION_OPEN || (a >= ACTION_FILE_VIEW && a <= ACTION_FILE_REMOVE);
}

static bool act(struct ui *u, const struct model *m, int a, struct ui_request *r)
{
    const struct model_file *f = selected_file(u, m);

    if (a == ACTION_FILE_SIDE)
        u->files.side = !u->files.side;
    else if (a == ACTION_FILE_PARENT)
        to_parent(u, m);
    else if (a == ACTION_FILE_RELOAD)
        u->files.reload++;
    else if (f)
        return act_on_file(u, m, a, f, r);
    else if (of_file(a))
        ui_hint(u, "Nothing is selected here.");
    else
        return false;
    return true;
}

static bool works(const struct ui *u, const struct model *m, int a, bool *works)
{
    *works = selected_file(u, m) != NULL;
    return of_file(a);
}

/* A click on the other side goes there; the row is then found as in every list. */
static bool click(struct ui *u, const struct model *m, int row, int col, struct ui_request *r)
{
    (void)row;
    (void)r;
    if (u->cols >= TWO_SIDES && (col >= u->cols / 2) != u->files.side) {
        u->files.side = !u->files.side;
        ui_refresh(u, m);
    }
    return false;
}

static void open_files(struct ui *u, const struct model *m)
{
    struct files *f = &u->files;

    (void)m;
    if (strcmp(f->distro, u->subject) != 0) {
        snprintf(f->distro, sizeof(f->distro), "%s", u->subject);
        strcpy(f->path[0], "/");
        list_unmark_all(&u->list[VIEW_FILES]);
    }
    if (!*f->path[1] && !getcwd(f->path[1], FILES_PATH))
        strcpy(f->path[1], "/");
    f->reload++;
}

const struct view view_files = {
    .name = "Files", .of_distro = true, .keeps = KEEPS_NAME, .open = open_files, .count = count, .text = text,
    .draw = draw, .act = act, .works = works, .click = click,
};
