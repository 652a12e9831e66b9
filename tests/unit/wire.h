/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A relay between a 9P client and a server that writes every message down, as text2pcap reads it.
 */
#ifndef TESTS_UNIT_WIRE_H
#define TESTS_UNIT_WIRE_H

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "tests/unit/fixture.h"

#define WIRE_MESSAGE_MAX 60000u /* a TCP segment, as the record pretends */

struct wire {
    pthread_t thread;
    int client, server; /* the ends whose other ends the client and the server have */
    FILE *record;
    unsigned messages;
    uint8_t message[WIRE_MESSAGE_MAX];
};

static inline void wire_write(FILE *record, char direction, const uint8_t *bytes, size_t len)
{
    fprintf(record, "%c\n", direction);
    for (size_t i = 0; i < len; i++) {
        if (i % 16 == 0)
            fprintf(record, "%s%06zx", i ? "\n" : "", i);
        fprintf(record, " %02x", bytes[i]);
    }
    fprintf(record, "\n");
}

static inline bool wire_get(int fd, uint8_t *bytes, size_t len)
{
    return recv(fd, bytes, len, MSG_WAITALL) == (ssize_t)len;
}

/* One message; false: the sender hung up. */
static inline bool wire_pass(struct wire *w, char direction, int from, int to)
{
    uint32_t size;

    if (!wire_get(from, w->message, 4))
        return false;
    memcpy(&size, w->message, 4);
    if (size < 7 || size > sizeof(w->message) || !wire_get(from, w->message + 4, size - 4))
        return false;
    wire_write(w->record, direction, w->message, size);
    w->messages++;
    return send(to, w->message, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static inline void *wire_relay(void *arg)
{
    struct wire *w = arg;
    struct pollfd p[2] = {{.fd = w->client, .events = POLLIN}, {.fd = w->server, .events = POLLIN}};
    bool open = true;

    while (open && poll(p, 2, -1) > 0) {
        if (p[1].revents)
            open = wire_pass(w, 'I', w->server, w->client);
        if (open && p[0].revents)
            open = wire_pass(w, 'O', w->client, w->server);
    }
    close(w->client);
    close(w->server);
    return NULL;
}

/* Takes `server`, a connection to one; returns the client's. */
static inline int wire_start(struct wire *w, int server, const char *record)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_non_null(w->record = fopen(record, "we"));
    w->client = pair[1];
    w->server = server;
    w->messages = 0;
    assert_int_equal(pthread_create(&w->thread, NULL, wire_relay, w), 0);
    return pair[0];
}

/* After the client has hung up. */
static inline void wire_end(struct wire *w)
{
    pthread_join(w->thread, NULL);
    assert_int_equal(fclose(w->record), 0);
}

#endif
