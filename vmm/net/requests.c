/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net/requests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <slirp/libslirp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/forward.h"
#include "vmm/net/usage.h"
#include "vmm/net_plan.h"

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static socklen_t make_address(union address *a, bool v6, const void *bytes, uint16_t port)
{
    memset(a, 0, sizeof(*a));
    if (v6) {
        a->in6.sin6_family = AF_INET6;
        a->in6.sin6_port = htons(port);
        memcpy(&a->in6.sin6_addr, bytes, sizeof(a->in6.sin6_addr));
        return sizeof(a->in6);
    }
    a->in.sin_family = AF_INET;
    a->in.sin_port = htons(port);
    memcpy(&a->in.sin_addr, bytes, sizeof(a->in.sin_addr));
    return sizeof(a->in);
}

static int flags_of(const struct forward *f)
{
    return (f->udp ? SLIRP_HOSTFWD_UDP : 0) | (f->v6 ? SLIRP_HOSTFWD_V6ONLY : 0);
}

/* What the next descriptor will be: the lowest that is free. */
static int next_descriptor(int one)
{
    int fd = dup(one);

    if (fd >= 0)
        close(fd);
    return fd;
}

/* libslirp listens with a backlog of one: of many connections at once most would wait a second or more. */
static void listen_to_many(int fd)
{
    int listening = 0;
    socklen_t len = sizeof(listening);

    if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening)
        listen(fd, SOMAXCONN);
}

static int add(Slirp *slirp, const struct forward *f, int requests_fd)
{
    uint8_t guest_address[16];
    union address host, guest;
    socklen_t host_len = make_address(&host, f->v6, f->host, f->host_port), guest_len;
    int fd = next_descriptor(requests_fd), r;

    inet_pton(f->v6 ? AF_INET6 : AF_INET, f->v6 ? NET_GUEST6 : NET_GUEST, guest_address);
    guest_len = make_address(&guest, f->v6, guest_address, f->guest_port);
    errno = 0;
    r = slirp_add_hostxfwd(slirp, &host.any, host_len, &guest.any, guest_len, flags_of(f));
    if (r == 0 && !f->udp)
        listen_to_many(fd);
    return r;
}

static int remove_forward(Slirp *slirp, const struct forward *f)
{
    union address host;
    socklen_t len = make_address(&host, f->v6, f->host, f->host_port);

    errno = ENOENT;
    return slirp_remove_hostxfwd(slirp, &host.any, len, flags_of(f));
}

/* For lxtop-vmm, which ends what is not used. */
static void tell_usage(Slirp *slirp, uint64_t visits, char answer[NET_REQUEST_MAX])
{
    snprintf(answer, NET_REQUEST_MAX, "usage %u %llu", usage_open(slirp), (unsigned long long)visits);
}

static int refuse(int code, const char *forward, struct err *e)
{
    static const struct {
        int code;
        const char *advice;
    } advices[] = {
        {EADDRINUSE, "another program of this host has the port: take another one"},
        {EACCES, "low ports are root's (net.ipv4.ip_unprivileged_port_start): take one from 1024 up"},
        {EADDRNOTAVAIL, "`ip addr` lists those that this host has"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
        if (advices[i].code == code)
            return err_set(e, code, "%s: %s; %s", forward, strerror(code), advices[i].advice);
    return err_sys(e, code, "%s", forward);
}

static int obey(Slirp *slirp, const char *request, int requests_fd, struct err *e)
{
    struct forward f;
    int r;

    if (*request != '+' && *request != '-')
        return err_set(e, EINVAL, "not a request");
    r = forward_parse(request + 1, &f, e);
    if (r < 0)
        return r;
    r = *request == '+' ? add(slirp, &f, requests_fd) : remove_forward(slirp, &f);
    if (r < 0)
        return refuse(errno ? errno : EADDRINUSE, request + 1, e);
    return 0;
}

bool requests_serve(int fd, struct Slirp *slirp, uint64_t visits)
{
    char request[NET_REQUEST_MAX];
    struct err e = {0};
    ssize_t n = recv(fd, request, sizeof(request) - 1, MSG_DONTWAIT);

    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    request[n] = '\0';
    if (strcmp(request, "?") == 0)
        tell_usage(slirp, visits, e.msg);
    else
        obey(slirp, request, fd, &e);
    /* An empty message would look like the end. */
    if (!*e.msg)
        strcpy(e.msg, "ok");
    return send(fd, e.msg, strnlen(e.msg, NET_REQUEST_MAX - 1), MSG_NOSIGNAL) >= 0;
}
