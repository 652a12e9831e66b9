/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many connections at once, for the end-to-end cases; static, so that any guest runs it.
 *
 *   crowd HOST PORT N PATH     begins N connections at once, waits until all are there, asks for PATH by
 *                              HTTP/1.0 on each and reads all answers; the first goes to standard output,
 *                              1 when another differs from it or a connection fails
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CROWD_MAX 1000
#define PATIENCE_MS 120000

struct answer {
    char *bytes;
    size_t len;
};

static struct pollfd fds[CROWD_MAX];
static struct answer answer[CROWD_MAX];

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void begin(int i, const char *host, const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || inet_pton(AF_INET, host, &at.sin_addr) != 1)
        die(host);
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 && errno != EINPROGRESS)
        die("connect");
    fds[i] = (struct pollfd){.fd = fd, .events = POLLOUT};
}

static void wait_for_some(int n)
{
    if (poll(fds, (nfds_t)n, PATIENCE_MS) <= 0) {
        errno = errno ? errno : ETIMEDOUT;
        die("wait");
    }
}

static void wait_for_all(int n)
{
    for (int left = n; left > 0;) {
        wait_for_some(n);
        for (int i = 0; i < n; i++) {
            socklen_t len = sizeof(errno);

            if (!fds[i].revents)
                continue;
            if (getsockopt(fds[i].fd, SOL_SOCKET, SO_ERROR, &errno, &len) < 0 || errno)
                die("connect");
            fds[i].events = fds[i].revents = 0; /* there */
            left--;
        }
    }
}

static void ask(int i, const char *path)
{
    dprintf(fds[i].fd, "GET %s HTTP/1.0\r\n\r\n", path);
    fds[i].events = POLLIN;
}

/* False at its end. */
static bool take(int i)
{
    char bytes[16384];
    ssize_t n = read(fds[i].fd, bytes, sizeof(bytes));

    if (n < 0)
        die("read");
    answer[i].bytes = realloc(answer[i].bytes, answer[i].len + (size_t)n + 1);
    if (!answer[i].bytes)
        die("memory");
    memcpy(answer[i].bytes + answer[i].len, bytes, (size_t)n);
    answer[i].len += (size_t)n;
    answer[i].bytes[answer[i].len] = '\0';
    return n > 0;
}

/* The body: what is behind the header, which has a date. */
static const char *body(const struct answer *a, size_t *len)
{
    const char *at = memmem(a->bytes, a->len, "\r\n\r\n", 4);

    if (!at) {
        errno = EPROTO;
        die("an answer without a header");
    }
    *len = a->len - (size_t)(at + 4 - a->bytes);
    return at + 4;
}

static void read_all(int n)
{
    for (int left = n; left > 0;) {
        wait_for_some(n);
        for (int i = 0; i < n; i++)
            if (fds[i].revents && !take(i)) {
                close(fds[i].fd);
                fds[i].fd = -1;
                left--;
            }
    }
}

int main(int argc, char **argv)
{
    int n = argc == 5 ? atoi(argv[3]) : 0;
    size_t len, other;
    const char *first;

    if (n < 1 || n > CROWD_MAX)
        return 2;
    for (int i = 0; i < n; i++)
        begin(i, argv[1], argv[2]);
    wait_for_all(n);
    for (int i = 0; i < n; i++)
        ask(i, argv[4]);
    read_all(n);
    first = body(&answer[0], &len);
    for (int i = 1; i < n; i++) {
        const char *it = body(&answer[i], &other);

        if (other == len && memcmp(it, first, len) == 0)
            continue;
        fprintf(stderr, "crowd: answer %d of %d: %zu bytes, not %zu: %.80s\n", i, n, other, len, answer[i].bytes);
        return 1;
    }
    return fwrite(first, 1, len, stdout) == len && fflush(stdout) == 0 ? 0 : 1;
}
