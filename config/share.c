/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"

static const char *const cache_names[] = {"none", "mmap", "readahead", "loose", NULL};
static const char *const map_names[] = {"squash", "xattr", "fixed", NULL};

const char *share_cache_name(enum share_cache c)
{
    return cache_names[c];
}

const char *share_map_name(enum share_map m)
{
    return map_names[m];
}

char *share_escape(const char *path)
{
    char *escaped = malloc(2 * strlen(path) + 1), *to = escaped;

    if (!escaped)
        return NULL;
    for (; *path; *to++ = *path++)
        if (strchr(",:;\\", *path))
            *to++ = '\\';
    *to = '\0';
    return escaped;
}

/* What comes before the first of `stops` that no backslash precedes; *p is then at it or at the end. */
static char *take(const char **p, const char *stops)
{
    char *text, *to;

    *p += strspn(*p, " \t");
    text = to = calloc(1, strlen(*p) + 1);
    while (text && **p && !strchr(stops, **p)) {
        if (**p == '\\' && (*p)[1])
            ++*p;
        *to++ = *(*p)++;
    }
    while (text && to > text && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    if (text)
        *to = '\0'; /* over blanks at the end */
    return text;
}

static int find(const char *const *names, const char *name, size_t len)
{
    for (int i = 0; names[i]; i++)
        if (strlen(names[i]) == len && strncmp(names[i], name, len) == 0)
            return i;
    return -1;
}

/* --- one share --- */

/* ":UID:GID"; both or none of them. */
static bool parse_owner(struct share *s, const char *text)
{
    unsigned long long number[2];
    char *end = (char *)text;

    for (int i = 0; i < 2; i++) {
        if (*end != ':' || end[1] < '0' || end[1] > '9')
            return false;
        number[i] = strtoull(end + 1, &end, 10);
        if (number[i] >= UINT32_MAX)
            return false;
    }
    s->uid = (uint32_t)number[0];
    s->gid = (uint32_t)number[1];
    return *end == '\0';
}

static int parse_map(struct share *s, const char *text, struct err *e)
{
    size_t len = strcspn(text, ":");
    int kind = find(map_names, text, len);

    if (kind < 0 || (text[len] && !parse_owner(s, text + len)))
        return err_set(e, EINVAL, "map=%s: give squash, xattr or fixed, and :UID:GID behind it if you like", text);
    s->map = (enum share_map)kind;
    return 0;
}

static int parse_word(struct share *s, const char *word, struct err *e)
{
    int mode;

    if (strcmp(word, "ro") == 0 || strcmp(word, "rw") == 0) {
        s->read_only = word[1] == 'o';
        return 0;
    }
    if (strncmp(word, "map=", 4) == 0)
        return parse_map(s, word + 4, e);
    if (strncmp(word, "cache=", 6) != 0)
        return err_set(e, EINVAL, "'%s' is not one of ro, rw, cache=MODE, map=KIND", word);
    mode = find(cache_names, word + 6, strlen(word + 6));
    if (mode < 0)
        return err_set(e, EINVAL, "%s: give none, mmap, readahead or loose", word);
    s->cache = (enum share_cache)mode;
    return 0;
}

static int check_host(const char *path, struct err *e)
{
    if (path[0] == '/' || (path[0] == '~' && (path[1] == '/' || !path[1])))
        return 0;
    return err_set(e, EINVAL, "the host's folder is absolute or begins with ~/");
}

static bool has_dots(const char *path)
{
    for (const char *p = path; (p = strstr(p, "/.")); p++)
        if (!p[2] || p[2] == '/' || (p[2] == '.' && (!p[3] || p[3] == '/')))
            return true;
    return false;
}

/* These are the guest kernel's, or gone once the distro's init runs. */
static bool is_system(const char *path)
{
    static const char *const names[] = {"/proc", "/sys", "/dev", "/run"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        size_t n = strlen(names[i]);

        if (strncmp(path, names[i], n) == 0 && (!path[n] || path[n] == '/'))
            return true;
    }
    return path[strspn(path, "/")] == '\0';
}

static int check_guest(const char *path, struct err *e)
{
    if (path[0] != '/' || has_dots(path))
        return err_set(e, EINVAL, "the folder in the guest is absolute and without . and ..; write "
                       "HOST:GUEST, like ~:/mnt/host");
    if (strlen(path) > SHARE_GUEST_MAX)
        return err_set(e, EINVAL, "the folder in the guest has at most %d bytes", SHARE_GUEST_MAX);
    return is_system(path) ? err_set(e, EINVAL, "%s is the guest's own", path) : 0;
}

static int parse_share(const char **p, struct share *s, struct err *e)
{
    s->host = take(p, ":,;");
    *p += **p == ':';
    s->guest = s->host ? take(p, ",;") : NULL;
    if (!s->guest)
        return err_sys(e, ENOMEM, "shares");
    if (check_host(s->host, e) < 0 || check_guest(s->guest, e) < 0)
        return -EINVAL;
    while (**p == ',') {
        auto_free char *word = NULL;

        ++*p;
        word = take(p, ",;");
        if (!word || parse_word(s, word, e) < 0)
            return word ? -EINVAL : err_sys(e, ENOMEM, "shares");
    }
    return 0;
}

/* --- all of them --- */

static int check_new(const struct shares *s, struct err *e)
{
    const struct share *last = &s->share[s->n];

    for (unsigned i = 0; i < s->n; i++)
        if (strcmp(s->share[i].guest, last->guest) == 0)
            return err_set(e, EINVAL, "two shares have one folder in the guest");
    return 0;
}

static int add(struct shares *s, const char **p, struct err *e)
{
    struct share *last = &s->share[s->n];
    int r = parse_share(p, last, e);

    if (r == 0)
        r = check_new(s, e);
    if (r < 0)
        err_wrap(e, "share '%s%s%s'", last->host ? last->host : "",
                 last->guest && *last->guest ? ":" : "", last->guest ? last->guest : "");
    s->n++; /* wrong or not: it has something to free */
    return r;
}

int shares_parse(const char *text, struct shares *s, struct err *e)
{
    int r = 0;

    *s = (struct shares){0};
    if (strcmp(text, "none") == 0)
        return 0;
    while (r == 0) {
        text += strspn(text, " \t;");
        if (!*text)
            return 0;
        r = s->n < SHARES_MAX ? add(s, &text, e)
                              : err_set(e, EINVAL, "a distro has at most %d shares", SHARES_MAX);
    }
    shares_release(s);
    return r;
}

void shares_release(struct shares *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        free(s->share[i].host);
        free(s->share[i].guest);
    }
    *s = (struct shares){0};
}

char *share_host_folder(const struct share *s, const char *home)
{
    return s->host[0] == '~' ? file_path("%s%s", home, s->host + 1) : strdup(s->host);
}
