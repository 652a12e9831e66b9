/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net/usage.h"

#include <netinet/in.h>
#include <slirp/libslirp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PORTS_MAX 128

/*
 * libslirp tells its sockets as a table for people (slirp_connection_info), a row each:
 * "  TCP[STATE]  FD  ADDRESS  PORT ...".  Its addresses are of no use for IPv6, so the descriptors are asked:
 * what a forward has accepted has the port at which that forward listens.
 */
struct row {
    bool listens;
    int fd;
};

static bool parse_row(const char *line, struct row *r)
{
    char state[32];

    if (sscanf(line, " TCP[%31[A-Z0-9_]] %d", state, &r->fd) != 2)
        return false;
    r->listens = strcmp(state, "HOST_FORWARD") == 0;
    return true;
}

/* 0: it has none. */
static unsigned local_port(int fd)
{
    struct sockaddr_in6 a = {0}; /* of IPv4 the port stands at the same place */
    socklen_t len = sizeof(a);

    return getsockname(fd, (struct sockaddr *)&a, &len) < 0 ? 0 : ntohs(a.sin6_port);
}

static unsigned count_rows(const char *table, bool listens, unsigned *port, unsigned ports)
{
    unsigned n = 0;

    for (const char *line = table; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        struct row r = {0};
        unsigned p, known = 0;

        if (!parse_row(line, &r) || r.listens != listens || !(p = local_port(r.fd)))
            continue;
        if (listens && n < ports) {
            port[n++] = p;
            continue;
        }
        while (known < ports && port[known] != p)
            known++;
        n += !listens && known < ports;
    }
    return n;
}

unsigned usage_open(struct Slirp *slirp)
{
    char *table = slirp_connection_info(slirp);
    unsigned port[PORTS_MAX], ports = table ? count_rows(table, true, port, PORTS_MAX) : 0;
    unsigned n = table ? count_rows(table, false, port, ports) : 0;

    free(table); /* GLib's, which is malloc's (g_malloc, since 2.46) */
    return n;
}
