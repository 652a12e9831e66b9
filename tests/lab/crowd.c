/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many connections at once, for the end-to-end cases; static, so that any guest runs it.
 *
 *   crowd HOST PORT N PATH     begins N connections at once, waits until all are there, asks for PATH by
 *                              HTTP/1.0 on each and reads all answers; the first goes to standard output,
 *                              1 when another differs from it or a connection fails
 *   crowd serve PORT FILE      answers every request of HTTP/1.0 with FILE, in one process and with all
 *                              patience: busybox's httpd hangs up on who asks nothing for a minute, which
 *                              an emulated machine may take for a hundred connections
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CROWD_MAX 1000
#define SERVED_MAX (1 << 20)
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

/* --- the server --- */

static void load(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    answer[0].bytes = malloc(SERVED_MAX);
    while (fd >= 0 && answer[0].bytes &&
           (n = read(fd, answer[0].bytes + answer[0].len, SERVED_MAX - answer[0].len)) > 0)
        answer[0].len += (size_t)n;
    if (!answer[0].len)
        die(path);
    close(fd);
}

static int listen_at(const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, CROWD_MAX) < 0)
        die("listen");
    return fd;
}

/* A request is one segment here: its end is the end of what the first read got. */
static void serve_one(int fd)
{
    static const char header[] = "HTTP/1.0 200 OK\r\n\r\n";
    char request[4096];
    ssize_t n = read(fd, request, sizeof(request));

    if (n > 0 && memmem(request, (size_t)n, "\r\n\r\n", 4) &&
        write(fd, header, sizeof(header) - 1) == sizeof(header) - 1)
        for (size_t at = 0; at < answer[0].len && n > 0; at += (size_t)n)
            n = write(fd, answer[0].bytes + at, answer[0].len - at);
    close(fd);
}

static _Noreturn void serve(const char *port, const char *file)
{
    int n = 1;

    load(file);
    signal(SIGPIPE, SIG_IGN);
    fds[0] = (struct pollfd){.fd = listen_at(port), .events = POLLIN};
    for (;;) {
        fds[0].events = n < CROWD_MAX ? POLLIN : 0;
        poll(fds, (nfds_t)n, -1);
        for (int i = n - 1; i > 0; i--)
            if (fds[i].revents) {
                serve_one(fds[i].fd);
                fds[i] = fds[--n];
            }
        if (fds[0].revents)
            fds[n++] = (struct pollfd){.fd = accept(fds[0].fd, NULL, NULL), .events = POLLIN};
    }
}

int main(int argc, char **argv)
{
    int n = argc == 5 ? atoi(argv[3]) : 0;
    size_t len, other;
    const char *first;

    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        serve(argv[2], argv[3]);
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
