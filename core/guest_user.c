/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/guest_user.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "p9/client.h"
#include "p9/path.h"

#define PASSWD "/etc/passwd"
#define PASSWD_MAX (1u << 20)

/* Decimal digits and nothing else; -1 as a number means "nobody" to 9P and is none here. */
static bool parse_number(const char *text, size_t len, uint32_t *number)
{
    uint64_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || n > UINT32_MAX)
            return false;
        n = 10 * n + (uint64_t)(text[i] - '0');
    }
    *number = (uint32_t)n;
    return len > 0 && n < UINT32_MAX;
}

/* "name:x:1000:1000:..." up to the end of its line; false: it is not like that. */
static bool parse_line(const char *line, size_t *name_len, struct guest_user *u)
{
    const char *field[4] = {line};
    size_t len[4];

    for (int i = 0; i < 4; i++) {
        len[i] = strcspn(field[i], ":\n");
        if (i < 3 && field[i][len[i]] != ':')
            return false;
        if (i < 3)
            field[i + 1] = field[i] + len[i] + 1;
    }
    *name_len = len[0];
    return parse_number(field[2], len[2], &u->uid) && parse_number(field[3], len[3], &u->gid);
}

bool guest_user_parse(const char *passwd, const char *user, struct guest_user *u)
{
    struct guest_user row;
    uint32_t number = 0;
    bool numeric = parse_number(user, strlen(user), &number);

    for (const char *line = passwd; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t len;

        if (!parse_line(line, &len, &row))
            continue;
        if (numeric ? row.uid == number : strlen(user) == len && strncmp(line, user, len) == 0) {
            *u = row;
            return true;
        }
    }
    *u = (struct guest_user){number, number};
    return numeric || strcmp(user, "root") == 0; /* who is root whatever is written where */
}

static ssize_t read_passwd(struct p9_client *c, char *text)
{
    struct p9_attr attr;
    uint32_t fid;
    ssize_t n = p9_path_find(c, PASSWD, true, &fid, &attr);

    if (n < 0)
        return n;
    n = p9_client_open(c, fid, 0);
    if (n == 0)
        n = p9_client_read(c, fid, text, PASSWD_MAX, 0);
    p9_client_clunk(c, fid);
    return n;
}

int guest_user_find(struct p9_client *c, const char *distro, const char *user, struct guest_user *u,
                    struct err *e)
{
    auto_free char *text = malloc(PASSWD_MAX + 1);
    ssize_t n = text ? read_passwd(c, text) : -ENOMEM;

    if (n < 0 && n != -ENOENT)
        return err_sys(e, (int)-n, "%s:" PASSWD, distro);
    if (text)
        text[n > 0 ? n : 0] = '\0';
    if (guest_user_parse(text, user, u))
        return 0;
    return err_set(e, ENOENT, "%s has no user '%.80s'; give another with --user, or --user root", distro,
                   user);
}
