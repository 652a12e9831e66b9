/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/forwards.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/line.h"
#include "core/report.h"
#include "core/store.h"

static int load(const struct paths *p, const struct options *defaults, const char *distro,
                struct forward list[FORWARDS_MAX], struct err *e)
{
    struct distro d;
    int r = store_load(p, defaults, distro, &d, e);

    if (r < 0)
        return r;
    r = forwards_parse(options_text(&d.options, OPT_FORWARDS), list, e);
    distro_release(&d);
    return r;
}

/* 0: there is room for it; 1: it is there. */
static int check_new(const struct forward *list, int n, const struct forward *f, struct err *e)
{
    unsigned at = forward_find(list, (unsigned)n, f);

    if (at < (unsigned)n)
        return forward_there(&list[at], f, e);
    return n == FORWARDS_MAX ? err_set(e, ENOSPC, "at most %d forwards", FORWARDS_MAX) : 0;
}

static int check_network(const struct distro *d, const char *distro, struct err *e)
{
    if (options_number(&d->options, OPT_NETWORK) != NETWORK_NONE)
        return 0;
    return err_set(e, ENOTCONN, "%s has no network: `lxtop set %s network user` gives it one", distro, distro);
}

int forwards_may_add(const struct paths *p, const struct options *defaults, const char *distro,
                     const struct forward *f, struct err *e)
{
    struct forward list[FORWARDS_MAX];
    struct distro d;
    int n = store_load(p, defaults, distro, &d, e);

    if (n < 0)
        return n;
    n = check_network(&d, distro, e);
    if (n == 0)
        n = forwards_parse(options_text(&d.options, OPT_FORWARDS), list, e);
    distro_release(&d);
    return n < 0 ? n : check_new(list, n, f, e);
}

static int drop(struct forward *list, int n, const struct forward *f, const char *distro, struct err *e)
{
    int at = (int)forward_find(list, (unsigned)n, f);

    if (at == n || list[at].guest_port != f->guest_port)
        return err_set(e, ENOENT, "%s has no such forward; `lxtop forward %s` lists them", distro, distro);
    memmove(list + at, list + at + 1, (size_t)(n - at - 1) * sizeof(list[0]));
    return 0;
}

int forwards_keep(const struct paths *p, const struct options *defaults, const char *distro,
                  const struct forward *f, bool add, struct err *e)
{
    struct forward list[FORWARDS_MAX];
    auto_free char *text = NULL;
    int n = load(p, defaults, distro, list, e), r;

    if (n < 0)
        return n;
    r = add ? check_new(list, n, f, e) : drop(list, n, f, distro, e);
    if (r != 0)
        return r < 0 ? r : 0;
    if (add)
        list[n] = *f;
    text = forwards_format(list, (unsigned)(add ? n + 1 : n - 1));
    return text ? store_set(p, distro, option_table[OPT_FORWARDS].name, text, e) : err_sys(e, ENOMEM, "forwards");
}

static void put_line(FILE *f, const struct forward *w)
{
    char text[FORWARD_TEXT_MAX];

    forward_format(w, text);
    fprintf(f, "%s\n", text);
}

char *forwards_settings_text(const struct paths *p, const struct options *defaults,
                             const char *distro, struct err *e)
{
    struct forward list[FORWARDS_MAX];
    int n = load(p, defaults, distro, list, e);
    char *text = NULL;
    size_t len;
    FILE *f = n < 0 ? NULL : open_memstream(&text, &len);

    if (n >= 0 && !f)
        err_sys(e, ENOMEM, "forwards");
    if (!f)
        return NULL;
    for (int i = 0; i < n; i++)
        put_line(f, &list[i]);
    fclose(f);
    return text;
}

static bool has(const json_t *list, const char *text)
{
    const json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
        if (json_is_string(row) && strcmp(json_string_value(row), text) == 0)
            return true;
    return false;
}

/* Parsed again: what a machine says is not printed as it is. */
static void put_list(FILE *f, const json_t *list, const json_t *automatic, const char *word)
{
    const json_t *row;
    size_t i;

    json_array_foreach(list, i, row) {
        char text[FORWARD_TEXT_MAX];
        struct forward w;

        if (!json_is_string(row) || forward_parse(json_string_value(row), &w, NULL) < 0)
            continue;
        forward_format(&w, text);
        fprintf(f, "%s%s\n", text, has(automatic, text) ? " automatic" : word);
    }
}

char *forwards_reply_text(const json_t *reply)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    put_list(f, json_object_get(reply, "forwards"), json_object_get(reply, "automatic"), "");
    put_list(f, json_object_get(reply, "offered"), NULL, " offered");
    fclose(f);
    return text;
}

/* Behind the forward of a line may stand one word more, which is cut off. */
static const char *cut_word(char *line)
{
    char *more = strchr(line, ' ');

    if (!more)
        return "";
    *more = '\0';
    return more + 1;
}

static void say_forward(FILE *out, const char *distro, char *line)
{
    char host[INET6_ADDRSTRLEN] = "";
    const char *more = cut_word(line);
    struct forward f;

    if (forward_parse(line, &f, NULL) < 0 || !inet_ntop(f.v6 ? AF_INET6 : AF_INET, f.host, host, sizeof(host)))
        return;
    line_say(out, "%s: port %u of %s leads to its port %u, %s%s%s.", distro, f.host_port, host, f.guest_port,
             f.udp ? "UDP" : "TCP", *more ? ", " : "", more);
}

char *forwards_words(const char *distro, const char *lines)
{
    auto_free char *copy = strdup(lines);
    char *rest = copy, *line, *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    if (!*lines)
        line_say(f, "%s: no port leads into it.", distro);
    while ((line = strsep(&rest, "\n")))
        say_forward(f, distro, line);
    fclose(f);
    return text;
}

char *forwards_json(const char *lines)
{
    auto_free char *copy = strdup(lines);
    char *rest = copy, *line;
    json_t *list = json_array();
    struct forward f;

    while ((line = strsep(&rest, "\n"))) {
        const char *more = cut_word(line);

        if (forward_parse(line, &f, NULL) == 0)
            json_array_append_new(list, json_pack("{ss ss si si sb sb}", "forward", line, "protocol", f.udp ? "udp" : "tcp",
                                                  "port", f.host_port, "guest_port", f.guest_port, "automatic",
                                                  strcmp(more, "automatic") == 0, "offered", strcmp(more, "offered") == 0));
    }
    return report_json(list);
}
