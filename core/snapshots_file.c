/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshots.json:
 *
 *   {"version": 1, "active": LAYER, "base": ID, "undo": ID, "machine_id": TEXT,
 *    "snapshots": [{"id", "parent", "name", "note", "created", "layer", "memory"}],
 *    "next": {"active": LAYER, "base": ID, "snapshot": {...}, "drop": ID, "undo": ID}}
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/snapshots_parts.h"

#define VERSION 1

static bool is_id(const char *id)
{
    return id && strlen(id) == SNAPSHOT_ID && strspn(id, "0123456789abcdef") == SNAPSHOT_ID;
}

/* Only what this program makes: nothing leads out of the distro's folder. */
static bool is_layer(const char *layer)
{
    static const char *const endings[] = {".qcow2", ".img"};
    size_t dir = strlen("layers/");

    if (layer && strcmp(layer, SNAPSHOTS_BASE) == 0)
        return true;
    if (!layer || strncmp(layer, "layers/", dir) != 0 || strlen(layer) < dir + SNAPSHOT_ID ||
        strspn(layer + dir, "0123456789abcdef") != SNAPSHOT_ID)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
        if (strcmp(layer + dir + SNAPSHOT_ID, endings[i]) == 0)
            return true;
    return false;
}

static const char *text_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return v ? json_string_value(v) : "";
}

static int damaged(struct err *e, const char *what)
{
    return err_set(e, EINVAL, "snapshots.json is damaged: %s", what);
}

/* An id or "", of a snapshot that has been read already. */
static bool take_parent(const struct snapshots *s, const json_t *o, const char *key, char to[SNAPSHOT_ID + 1])
{
    const char *id = text_of(o, key);
    bool ok = id && (!*id || is_id(id));

    if (!ok)
        return false;
    strcpy(to, id);
    for (unsigned i = 0; *id && i < s->count; i++)
        if (strcmp(s->list[i].id, id) == 0)
            return true;
    return !*id;
}

static bool is_new(const struct snapshots *s, const struct snapshot *n)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->list[i].id, n->id) == 0 || strcmp(s->list[i].name, n->name) == 0)
            return false;
    return s->count < SNAPSHOTS_MAX;
}

/* It is named last, when it is whole: one that was cut short is none. */
static bool has_memory(const struct snapshots *s, const json_t *o, const char *id)
{
    auto_free char *folder = json_is_true(json_object_get(o, "memory")) ? snapshots_memory(s, id) : NULL;

    return folder && access(folder, F_OK) == 0;
}

static int parse_snapshot(const json_t *o, struct snapshots *s, struct err *e)
{
    const char *id = text_of(o, "id"), *name = text_of(o, "name"), *note = text_of(o, "note");
    const char *layer = text_of(o, "layer");
    struct snapshot n = {.created = (time_t)json_integer_value(json_object_get(o, "created"))};

    if (!is_id(id) || !name || snapshots_check_name(name, NULL) < 0 || !note ||
        strlen(note) > SNAPSHOT_NOTE_MAX || !is_layer(layer))
        return damaged(e, "a snapshot without id, name or layer");
    strcpy(n.id, id);
    strcpy(n.name, name);
    n.memory = has_memory(s, o, id);
    if (!take_parent(s, o, "parent", n.parent))
        return damaged(e, "a snapshot before its parent");
    if (!is_new(s, &n))
        return damaged(e, "one snapshot twice");
    n.layer = (char *)layer;
    n.note = (char *)note;
    return snapshots_add(s, &n) < 0 ? err_sys(e, ENOMEM, "snapshots") : 0;
}

static int parse_active(const json_t *o, struct snapshots *s, struct err *e)
{
    const char *layer = text_of(o, "active");

    if (!is_layer(layer) || !take_parent(s, o, "base", s->base))
        return damaged(e, "no active layer");
    free(s->active);
    s->active = strdup(layer);
    return s->active ? 0 : err_sys(e, ENOMEM, "snapshots");
}

/* Of a snapshot that is there; one that was deleted since is nothing to go back to. */
static void take_undo(struct snapshots *s, const json_t *o)
{
    const char *id = text_of(o, "undo");

    s->undo[0] = '\0';
    if (is_id(id) && snapshots_by_id(s, id))
        strcpy(s->undo, id);
}

static int drop(struct snapshots *s, const char *id, struct err *e)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->list[i].parent, id) == 0)
            return damaged(e, "a snapshot that is gone has children");
    snapshots_remove_row(s, id);
    return 0;
}

/* Has it happened?  Its layer has its name, then. */
static int parse_next(const json_t *next, struct snapshots *s, struct err *e)
{
    const json_t *snapshot = json_object_get(next, "snapshot");
    const char *layer = text_of(next, "active"), *gone = text_of(next, "drop");
    auto_free char *path = is_layer(layer) ? file_path("%s/%s", s->folder, layer) : NULL;
    int r;

    if (!next || !path || access(path, F_OK) < 0)
        return 0;
    if (is_id(gone) && (r = drop(s, gone, e)) < 0)
        return r;
    if (snapshot && (r = parse_snapshot(snapshot, s, e)) < 0)
        return r;
    if (json_object_get(next, "undo"))
        take_undo(s, next);
    return parse_active(next, s, e);
}

static int parse_all(const json_t *o, struct snapshots *s, struct err *e)
{
    const json_t *list = json_object_get(o, "snapshots"), *row;
    const char *machine = text_of(o, "machine_id");
    size_t i;

    if (json_integer_value(json_object_get(o, "version")) != VERSION)
        return damaged(e, "it is of no version that this lxtop knows");
    json_array_foreach(list, i, row)
        if (parse_snapshot(row, s, e) < 0)
            return -EINVAL;
    if (machine && strlen(machine) == 32 && strspn(machine, "0123456789abcdef") == 32)
        strcpy(s->machine_id, machine);
    if (parse_active(o, s, e) < 0)
        return -EINVAL;
    take_undo(s, o);
    return parse_next(json_object_get(o, "next"), s, e);
}

int snapshots_parse(const char *text, size_t len, struct snapshots *s, struct err *e)
{
    json_error_t why;
    json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    int r = json_is_object(o) ? parse_all(o, s, e) : damaged(e, "it is no JSON object");

    json_decref(o);
    return r;
}

/* --- writing --- */

static json_t *json_of(const struct snapshot *n)
{
    return json_pack("{ss ss ss ss sI ss sb}", "id", n->id, "parent", n->parent, "name", n->name,
                     "note", n->note, "created", (json_int_t)n->created, "layer", n->layer, "memory",
                     n->memory);
}

static json_t *json_next(const struct snapshots_next *next)
{
    json_t *o = json_pack("{ss ss}", "active", next->active, "base", next->base);

    if (next->snapshot)
        json_object_set_new(o, "snapshot", json_of(next->snapshot));
    if (next->drop && *next->drop)
        json_object_set_new(o, "drop", json_string(next->drop));
    if (next->undo)
        json_object_set_new(o, "undo", json_string(next->undo));
    return o;
}

int snapshots_write(const struct snapshots *s, const struct snapshots_next *next, struct err *e)
{
    auto_free char *path = file_path("%s/snapshots.json", s->folder);
    auto_free char *text = NULL;
    json_t *list = json_array(), *o;

    for (unsigned i = 0; i < s->count; i++)
        json_array_append_new(list, json_of(&s->list[i]));
    o = json_pack("{si ss ss ss ss so}", "version", VERSION, "active", s->active, "base", s->base, "undo", s->undo,
                  "machine_id", s->machine_id, "snapshots", list);
    if (next)
        json_object_set_new(o, "next", json_next(next));
    text = json_dumps(o, JSON_INDENT(2));
    json_decref(o);
    if (!path || !text) /* or a note that is no UTF-8, which snapshots_begin refuses */
        return err_sys(e, ENOMEM, "write snapshots.json");
    return file_write_atomic(path, text, strlen(text), 0600, e);
}
