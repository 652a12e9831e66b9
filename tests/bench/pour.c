/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends of a bulk transfer over TCP.
 *
 *   pour PORT send BYTES    on 127.0.0.1: sends them to whoever connects, and waits until it has closed
 *   pour PORT take BYTES    takes what comes until the end, and answers with the end; fewer are an error
 *   pour PORT send|take BYTES ADDRESS    connects there, again and again, and is the other end (send: takes)
 *
 * The host's end prints a line for each connection: the microseconds from its accept to its end.  The first
 * says only that there is one: what runs once before it is measured.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char bytes[256 * 1024];

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* Bytes until the end. */
static int64_t take(int fd)
{
    int64_t all = 0;
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        all += n;
    return all;
}

static int64_t send_all(int fd, int64_t size)
{
    int64_t left = size;
    ssize_t n = 1;

    while (left > 0 && n > 0) {
        n = write(fd, bytes, left < (int64_t)sizeof(bytes) ? (size_t)left : sizeof(bytes));
        left -= n > 0 ? n : 0;
    }
    shutdown(fd, SHUT_WR);
    take(fd);
    return size - left;
}

static int serve(const struct sockaddr_in *at, bool sends, int64_t size)
{
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, fd;

    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(s, (const struct sockaddr *)at, sizeof(*at)) < 0 || listen(s, 8) < 0)
        return perror("pour"), 1;
    while ((fd = accept(s, NULL, NULL)) >= 0) {
        int64_t began = now_us(), done = sends ? send_all(fd, size) : take(fd);

        close(fd);
        printf("%s%lld\n", done == size ? "" : "FAILED ", (long long)(now_us() - began));
        fflush(stdout);
    }
    return perror("pour"), 1;
}

static _Noreturn void visit(const struct sockaddr_in *at, bool sends, int64_t size)
{
    for (;;) {
        int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (connect(s, (const struct sockaddr *)at, sizeof(*at)) < 0)
            sleep(1);
        else if (sends)
            send_all(s, size);
        else
            take(s);
        close(s);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    int64_t size = argc >= 4 ? atoll(argv[3]) : 0;
    bool sends = argc >= 4 && strcmp(argv[2], "send") == 0;

    if (size <= 0 || inet_pton(AF_INET, argc == 5 ? argv[4] : "127.0.0.1", &at.sin_addr) != 1)
        return 2;
    at.sin_port = htons((uint16_t)atoi(argv[1]));
    if (argc == 5)
        visit(&at, !sends, size);
    return serve(&at, sends, size);
}
