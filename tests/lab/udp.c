/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends of UDP for the end-to-end cases; static, so that any guest runs it.
 *
 *   udp echo PORT              sends each datagram back to where it came from
 *   udp load HOST PORT N SIZE  N datagrams of SIZE bytes to the echo and back, one after the other,
 *                              compared; one that is lost is sent again, at most 40 times
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define TRIES 40

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "udp: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int make_socket(struct sockaddr_in *at, const char *host, const char *port)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (fd < 0 || inet_pton(AF_INET, host, &at->sin_addr) != 1)
        die(host);
    return fd;
}

static _Noreturn void echo(const char *port)
{
    static uint8_t bytes[65536];
    struct sockaddr_in at, from;
    int fd = make_socket(&at, "0.0.0.0", port);

    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        die("bind");
    for (;;) {
        socklen_t len = sizeof(from);
        ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &len);

        if (n >= 0)
            sendto(fd, bytes, (size_t)n, 0, (struct sockaddr *)&from, len);
    }
}

static void round_trip(int fd, uint32_t number, uint8_t *out, size_t size)
{
    static uint8_t in[65536];

    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(i * 31 + number);
    memcpy(out, &number, sizeof(number));
    for (int i = 0; i < TRIES; i++) {
        ssize_t n;

        send(fd, out, size, 0); /* an error of before (port unreachable) is told here: tried again */
        while ((n = recv(fd, in, sizeof(in), 0)) >= 0)
            if ((size_t)n == size && memcmp(in, out, size) == 0)
                return;
            else if (n >= 4 && memcmp(in, &number, sizeof(number)) == 0)
                die("a datagram came back changed");
    }
    die("no answer");
}

static void load(const char *host, const char *port, unsigned n, size_t size)
{
    static uint8_t out[65536];
    const struct timeval patience = {.tv_usec = 500000};
    struct sockaddr_in to;
    int fd = make_socket(&to, host, port);

    if (size < sizeof(uint32_t) || size > sizeof(out) ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        die(host);
    for (unsigned i = 0; i < n; i++)
        round_trip(fd, i, out, size);
    printf("%u datagrams of %zu bytes came back as they were\n", n, size);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "echo") == 0)
        echo(argv[2]);
    if (argc != 6 || strcmp(argv[1], "load") != 0) {
        fprintf(stderr, "udp echo PORT | udp load HOST PORT N SIZE\n");
        return 2;
    }
    load(argv[2], argv[3], (unsigned)atoi(argv[4]), (size_t)atoi(argv[5]));
    return 0;
}
