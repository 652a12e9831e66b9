/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/account.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"

#define FIELDS 7
#define LINE_TEXT 4096 /* of passwd; a longer line is no user */

struct line {
    char text[LINE_TEXT];
    char *field[FIELDS];
};

/* The next line in fields; false: no more.  One of less than `n` fields, or too long, has none. */
static bool next_line(const char **text, struct line *l, int n)
{
    size_t len = strcspn(*text, "\n");
    char *rest = l->text;

    if (!**text)
        return false;
    memset(l->field, 0, sizeof(l->field));
    snprintf(l->text, sizeof(l->text), "%.*s", (int)len, len < LINE_TEXT ? *text : "");
    *text += len + ((*text)[len] == '\n');
    for (int i = 0; i < n; i++)
        l->field[i] = strsep(&rest, ":");
    if (!l->field[n - 1] || !*l->field[0])
        l->field[0] = NULL;
    return true;
}

static bool parse_id(const char *text, unsigned *id)
{
    unsigned long long n;
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    n = strtoull(text, &end, 10);
    *id = (unsigned)n;
    return *end == '\0' && n < UINT_MAX; /* the last number is "unchanged" to the kernel */
}

/* name:password:uid:gid:gecos:home:shell */
static bool take_account(struct line *l, struct account *a)
{
    unsigned uid, gid;

    if (!l->field[0] || !parse_id(l->field[2], &uid) || !parse_id(l->field[3], &gid))
        return false;
    *a = (struct account){.uid = uid, .gid = gid};
    snprintf(a->name, sizeof(a->name), "%s", l->field[0]);
    snprintf(a->home, sizeof(a->home), "%s", *l->field[5] ? l->field[5] : "/");
    snprintf(a->shell, sizeof(a->shell), "%s", *l->field[6] ? l->field[6] : "/bin/sh");
    return true;
}

bool account_find(const char *passwd, const char *user, struct account *a)
{
    unsigned number = 0;
    bool is_number = parse_id(user, &number);
    struct line l;

    while (next_line(&passwd, &l, FIELDS))
        if (take_account(&l, a) && (is_number ? a->uid == number : strcmp(a->name, user) == 0))
            return true;
    is_number = is_number || strcmp(user, "root") == 0; /* who is 0, whatever is written where */
    *a = (struct account){.home = "/", .shell = "/bin/sh", .uid = number, .gid = number};
    snprintf(a->name, sizeof(a->name), "%u", number);
    return is_number;
}

bool account_has_person(const char *passwd)
{
    struct account a;
    struct line l;

    while (next_line(&passwd, &l, FIELDS))
        if (take_account(&l, &a) && a.uid >= 1000 && a.uid <= 59999)
            return true;
    return false;
}

/* Is `name` in a list of names with commas between them? */
static bool listed(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = list; *p; p += *p == ',') {
        size_t n = strcspn(p, ",\r");

        if (n == len && strncmp(p, name, n) == 0)
            return true;
        p += strcspn(p, ",");
    }
    return false;
}

/* Like next_line, for lines of any length: a group may have many members. */
static const char *take_group(const char *line, size_t len, gid_t *gid, char **members)
{
    char *copy = strndup(line, len), *rest = copy;
    unsigned id = 0;

    *members = NULL;
    for (int i = 0; i < 4 && rest; i++) {
        char *field = strsep(&rest, ":");

        if (i == 2 && !parse_id(field, &id))
            break;
        if (i == 3)
            *members = field;
    }
    *gid = id;
    return copy;
}

unsigned account_groups(const char *group, const struct account *a, gid_t *groups)
{
    unsigned n = 0;

    groups[n++] = a->gid;
    while (*group && n < ACCOUNT_GROUPS) {
        size_t len = strcspn(group, "\n");
        char *members;
        gid_t gid;
        auto_free const char *copy = take_group(group, len, &gid, &members);

        if (copy && members && gid != a->gid && listed(members, a->name))
            groups[n++] = gid;
        group += len + (group[len] == '\n');
    }
    return n;
}
