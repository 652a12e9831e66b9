/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/snapshots_report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/option.h"
#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/line.h"
#include "core/plain.h"
#include "core/snapshots_parts.h"
#include "core/words.h"

static int64_t all_bytes(const struct snapshots *s, const struct snapshot *n)
{
    int64_t sum = snapshots_layer_bytes(s, n);
    const char *parent = n ? n->parent : s->base;

    while (*parent) {
        n = snapshots_by_id(s, parent);
        sum += snapshots_layer_bytes(s, n);
        parent = n->parent;
    }
    return sum;
}

static void format_size(int64_t bytes, char to[16])
{
    static const char units[] = "KMGT";
    double n = (double)bytes / 1024;
    int unit = 0;

    while (n >= 1024 && unit < 3) {
        n /= 1024;
        unit++;
    }
    snprintf(to, 16, n < 10 ? "%.1f%c" : "%.0f%c", n, units[unit]);
}

static void print_row(FILE *f, const struct snapshots *s, const struct snapshot *n, unsigned depth)
{
    auto_free char *note = n ? plain_dup(n->note, false) : NULL;
    char when[32] = "-", name[SNAPSHOT_NAME_MAX + 64], size[16], changed[16], memory[16] = "-";
    struct tm tm;

    if (n && localtime_r(&n->created, &tm))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
    snprintf(name, sizeof(name), "%*s%s", 2 * (int)(depth < 20 ? depth : 20), "", n ? n->name : "(now)");
    format_size(all_bytes(s, n), size);
    format_size(snapshots_layer_bytes(s, n), changed);
    if (n && n->memory)
        format_size(snapshots_memory_bytes(s, n), memory);
    fprintf(f, "%-32s %-16s %8s %8s %8s  %s\n", name, when, size, changed, memory, note ? note : "");
}

static void print_below(FILE *f, const struct snapshots *s, const char *id, unsigned depth)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->list[i].parent, id) == 0) {
            print_row(f, s, &s->list[i], depth);
            print_below(f, s, s->list[i].id, depth + 1);
        }
    if (strcmp(s->base, id) == 0)
        print_row(f, s, NULL, depth);
}

static char *report_text(const struct snapshots *s)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    fprintf(f, "%-32s %-16s %8s %8s %8s  %s\n", "SNAPSHOT", "CREATED", "SIZE", "CHANGED", "MEMORY", "NOTE");
    print_below(f, s, "", 0);
    fclose(f);
    return text;
}

static json_t *row_json(const struct snapshots *s, const struct snapshot *n)
{
    const struct snapshot *parent = snapshots_by_id(s, n ? n->parent : s->base);
    json_t *o = json_pack("{sI sI}", "size", (json_int_t)all_bytes(s, n), "changed", (json_int_t)snapshots_layer_bytes(s, n));

    json_object_set_new(o, "parent", parent ? json_string(parent->name) : json_null());
    if (n)
        json_object_update_new(o, json_pack("{ss ss ss sI sb sI}", "id", n->id, "name", n->name, "note", n->note,
                                            "created", (json_int_t)n->created, "memory", n->memory,
                                            "memory_bytes", (json_int_t)snapshots_memory_bytes(s, n)));
    return o;
}

static char *json_text(const struct snapshots *s)
{
    json_t *list = json_array(), *o;

    for (unsigned i = 0; i < s->count; i++)
        json_array_append_new(list, row_json(s, &s->list[i]));
    o = json_pack("{so so}", "snapshots", list, "now", row_json(s, NULL));
    return report_json(o);
}

/* --- for text mode: a fact a line, the name first --- */

static void say_row(FILE *f, const struct snapshots *s, const struct snapshot *n)
{
    const struct snapshot *parent = snapshots_by_id(s, n ? n->parent : s->base);
    const char *name = n ? n->name : "The disk as it is now";
    char text[WORDS_TEXT];

    if (n)
        line_say(f, "%s: taken at %s.", name, words_moment(text, n->created));
    if (n && *n->note)
        line_say(f, "%s: note, %s", name, n->note);
    if (n && n->memory)
        line_say(f, "%s: with memory, which takes %s.", name, words_size(text, snapshots_memory_bytes(s, n)));
    line_say(f, "%s: stands on %s.", name, parent ? parent->name : "nothing");
    line_say(f, "%s: takes %s of its own.", name, words_size(text, snapshots_layer_bytes(s, n)));
    line_say(f, "%s: takes %s with all that it stands on.", name, words_size(text, all_bytes(s, n)));
}

static char *in_words(const struct snapshots *s)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    if (s->count == 0)
        line_say(f, "There are no snapshots. Command snapshot create takes one.");
    for (unsigned i = 0; i < s->count; i++)
        say_row(f, s, &s->list[i]);
    say_row(f, s, NULL);
    fclose(f);
    return text;
}

char *snapshots_report(const struct snapshots *s, enum report_form form)
{
    return form == REPORT_JSON ? json_text(s) : form == REPORT_WORDS ? in_words(s) : report_text(s);
}
