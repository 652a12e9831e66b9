/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"

#define SHAPE "a forward is [HOST:]PORT:GUESTPORT[/udp], as 8080:80 or 127.0.0.1:5353:53/udp"
#define SEPARATORS "; \t"

/* By hand: strtoul takes signs and blanks. */
static bool parse_port(const char *text, uint16_t *port)
{
    unsigned number = 0;
    size_t len = strspn(text, "0123456789");

    if (len == 0 || len > 5 || text[len])
        return false;
    for (size_t i = 0; i < len; i++)
        number = number * 10 + (unsigned)(text[i] - '0');
    *port = (uint16_t)number;
    return number > 0 && number <= UINT16_MAX;
}

/* The word behind the last `mark`, which is cut off; NULL: there is none. */
static char *cut_last(char *text, char mark)
{
    char *at = strrchr(text, mark);

    if (!at)
        return NULL;
    *at = '\0';
    return at + 1;
}

static bool parse_host(char *text, struct forward *f)
{
    size_t len = strlen(text);

    f->v6 = text[0] == '[';
    if (!f->v6)
        return inet_pton(AF_INET, text, f->host) == 1;
    if (len < 2 || text[len - 1] != ']')
        return false;
    text[len - 1] = '\0';
    return inet_pton(AF_INET6, text + 1, f->host) == 1;
}

static bool parse_protocol(const char *word, struct forward *f)
{
    f->udp = word && strcmp(word, "udp") == 0;
    return !word || f->udp || strcmp(word, "tcp") == 0;
}

int forward_parse(const char *text, struct forward *f, struct err *e)
{
    char copy[FORWARD_TEXT_MAX], *guest, *host;

    *f = (struct forward){.host = {127, 0, 0, 1}};
    if (strlen(text) >= sizeof(copy))
        return err_set(e, EINVAL, "'%.40s...' is too long; " SHAPE, text);
    memcpy(copy, text, strlen(text) + 1);
    if (!parse_protocol(cut_last(copy, '/'), f))
        return err_set(e, EINVAL, "'%s': the protocol is tcp or udp", text);
    guest = cut_last(copy, ':');
    if (!guest)
        return err_set(e, EINVAL, "'%s': " SHAPE, text);
    host = cut_last(copy, ':');
    if (!parse_port(guest, &f->guest_port) || !parse_port(host ? host : copy, &f->host_port))
        return err_set(e, EINVAL, "'%s': ports are 1 to 65535; " SHAPE, text);
    if (host && !parse_host(copy, f))
        return err_set(e, EINVAL, "'%s': '%s' is no address of IPv4, or of IPv6 in brackets; without one it is 127.0.0.1",
                       text, copy);
    return 0;
}

static bool is_default_host(const struct forward *f)
{
    static const uint8_t localhost[] = {127, 0, 0, 1};

    return !f->v6 && memcmp(f->host, localhost, sizeof(localhost)) == 0;
}

void forward_format(const struct forward *f, char text[FORWARD_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "";
    int n = 0;

    inet_ntop(f->v6 ? AF_INET6 : AF_INET, f->host, host, sizeof(host));
    if (!is_default_host(f))
        n = snprintf(text, FORWARD_TEXT_MAX, f->v6 ? "[%s]:" : "%s:", host);
    snprintf(text + n, FORWARD_TEXT_MAX - (size_t)n, "%u:%u%s", f->host_port, f->guest_port,
             f->udp ? "/udp" : "");
}

bool forward_same(const struct forward *a, const struct forward *b)
{
    return a->udp == b->udp && a->v6 == b->v6 && a->host_port == b->host_port &&
           memcmp(a->host, b->host, sizeof(a->host)) == 0;
}

unsigned forward_find(const struct forward *list, unsigned n, const struct forward *f)
{
    for (unsigned i = 0; i < n; i++)
        if (forward_same(&list[i], f))
            return i;
    return n;
}

int forward_there(const struct forward *there, const struct forward *f, struct err *e)
{
    char wanted[FORWARD_TEXT_MAX], is[FORWARD_TEXT_MAX];

    if (there->guest_port == f->guest_port)
        return 1;
    forward_format(f, wanted);
    forward_format(there, is);
    return err_set(e, EEXIST, "%s: its port is forwarded already, as %s; take that away first: --remove %s", wanted, is, is);
}

int forwards_add(struct forward list[FORWARDS_MAX], int n, const char *word, struct err *e)
{
    int r;

    if (n == FORWARDS_MAX)
        return err_set(e, EINVAL, "at most %d forwards", FORWARDS_MAX);
    r = forward_parse(word, &list[n], e);
    if (r == 0 && forward_find(list, (unsigned)n, &list[n]) < (unsigned)n)
        return err_set(e, EINVAL, "'%s': this port of the host is forwarded already", word);
    return r;
}

int forwards_parse(const char *text, struct forward list[FORWARDS_MAX], struct err *e)
{
    auto_free char *copy = strdup(text);
    char *rest = NULL, *word;
    int n = 0;

    if (!copy)
        return err_sys(e, ENOMEM, "forwards");
    for (word = strtok_r(copy, SEPARATORS, &rest); word; word = strtok_r(NULL, SEPARATORS, &rest)) {
        int r = forwards_add(list, n, word, e);

        if (r < 0)
            return r;
        n++;
    }
    return n;
}

char *forwards_format(const struct forward *list, unsigned n)
{
    char *text = calloc(n + 1, FORWARD_TEXT_MAX + 2), *at = text;

    for (unsigned i = 0; text && i < n; i++) {
        if (i)
            at = stpcpy(at, "; ");
        forward_format(&list[i], at);
        at += strlen(at);
    }
    return text;
}
