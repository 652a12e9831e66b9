/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends of vsock for the end-to-end cases; static, so that any guest runs it.
 *
 *   vsock echo PORT                     in the guest: sends back what comes, each connection a thread
 *   vsock serve PORT COMMAND...         in the guest: COMMAND has the first connection as standard input and output
 *   vsock call PORT                     in the guest: connects to the host, prints what it says
 *   vsock version SOCKET PORT           on the host: a 9P Tversion, prints the version that is agreed
 *   vsock load SOCKET PORT N BYTES      N connections at once, BYTES to the echo and back, compared
 *   vsock hold SOCKET PORT              sends and reads until the connection ends, then says so
 *   vsock leave SOCKET PORT             as hold, but closes amid it
 *
 * The status is 0 when all is as it must be; else a line says what is not.
 */
#include <errno.h>
#include <linux/vm_sockets.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK 65536

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "vsock: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- the guest's side --- */

static int guest_socket(struct sockaddr_vm *at, unsigned cid, const char *port)
{
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        die("socket");
    *at = (struct sockaddr_vm){
        .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = (unsigned)strtoul(port, NULL, 10)};
    return fd;
}

static int send_all(int fd, const void *bytes, size_t len)
{
    for (const char *p = bytes; len > 0;) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n <= 0)
            return -1;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static void *echo_one(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char *bytes = malloc(CHUNK);
    ssize_t n;

    while (bytes && (n = recv(fd, bytes, CHUNK, 0)) > 0 && send_all(fd, bytes, (size_t)n) == 0)
        ;
    free(bytes);
    close(fd);
    return NULL;
}

static int guest_listen(const char *port)
{
    struct sockaddr_vm at;
    int fd = guest_socket(&at, VMADDR_CID_ANY, port);

    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 128) < 0)
        die("listen");
    return fd;
}

static int do_serve(char **argv)
{
    int fd = accept(guest_listen(argv[0]), NULL, NULL);

    if (fd < 0 || dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
        die("accept");
    if (execvp(argv[1], argv + 1) < 0)
        die(argv[1]);
    return 1;
}

static int do_echo(char **argv)
{
    int fd = guest_listen(argv[0]);

    puts("echoes");
    fflush(stdout);
    for (;;) {
        int client = accept(fd, NULL, NULL);
        pthread_t t;

        if (client >= 0 && pthread_create(&t, NULL, echo_one, (void *)(intptr_t)client) == 0)
            pthread_detach(t);
    }
    return 0;
}

static int do_call(char **argv)
{
    struct sockaddr_vm at;
    int fd = guest_socket(&at, VMADDR_CID_HOST, argv[0]);
    char bytes[4096];
    ssize_t n;

    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        die("connect");
    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        fwrite(bytes, 1, (size_t)n, stdout);
    return n < 0;
}

/* --- the host's side --- */

static void recv_all(int fd, const char *what, void *bytes, size_t len)
{
    for (char *p = bytes; len > 0;) {
        ssize_t n = recv(fd, p, len, 0);

        if (n < 0)
            die(what);
        if (n == 0) {
            errno = ECONNRESET;
            die(what);
        }
        p += n;
        len -= (size_t)n;
    }
}

static int dial(const char *path, const char *port)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char line[64];
    size_t len = 0;

    snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        die(path);
    dprintf(fd, "CONNECT %s\n", port);
    do
        recv_all(fd, "no answer to CONNECT", line + len, 1);
    while (line[len++] != '\n' && len < sizeof(line) - 1);
    line[len] = '\0';
    if (strncmp(line, "OK ", 3) != 0)
        die("no OK");
    return fd;
}

/* size[4] Tversion tag[2] msize[4] version[s] */
static int do_version(char **argv)
{
    static const uint8_t ask[] = "\x15\0\0\0\x64\xff\xff\0\0\2\0\x08\0" "9P2000.L";
    uint8_t reply[128];
    int fd = dial(argv[0], argv[1]);
    uint32_t size;

    send_all(fd, ask, sizeof(ask) - 1);
    recv_all(fd, "no Rversion", &size, 4);
    if (size < 13 || size > sizeof(reply))
        die("size of Rversion");
    recv_all(fd, "half an Rversion", reply + 4, size - 4);
    printf("type %u %.*s\n", reply[4], (int)(size - 13), (char *)reply + 13);
    return 0;
}

/* What stands at a place of a connection's stream. */
static void fill(uint64_t *bytes, uint64_t seed)
{
    for (size_t i = 0; i < CHUNK / 8; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        bytes[i] = seed;
    }
}

struct load {
    pthread_t sender, receiver;
    int fd;
    uint64_t number, bytes;
};

static uint64_t seed_of(const struct load *l, uint64_t at)
{
    return (l->number + 1) * 0x9e3779b97f4a7c15ULL + at;
}

static size_t piece(const struct load *l, uint64_t at)
{
    return l->bytes - at < CHUNK ? (size_t)(l->bytes - at) : CHUNK;
}

/* Half closed at the end, so that the echo's end is seen as the other half's. */
static void *load_send(void *arg)
{
    struct load *l = arg;
    uint64_t *bytes = malloc(CHUNK);

    for (uint64_t at = 0; at < l->bytes; at += CHUNK) {
        fill(bytes, seed_of(l, at));
        if (send_all(l->fd, bytes, piece(l, at)) < 0)
            die("send");
    }
    shutdown(l->fd, SHUT_WR);
    free(bytes);
    return NULL;
}

static void *load_receive(void *arg)
{
    struct load *l = arg;
    uint64_t *want = malloc(CHUNK), *got = malloc(CHUNK);

    for (uint64_t at = 0; at < l->bytes; at += CHUNK) {
        fill(want, seed_of(l, at));
        recv_all(l->fd, "the echo ended early", got, piece(l, at));
        if (memcmp(want, got, piece(l, at)) != 0)
            die("bytes differ");
    }
    if (recv(l->fd, got, 1, 0) != 0)
        die("no end");
    free(want);
    free(got);
    return NULL;
}

static int do_load(char **argv)
{
    unsigned long n = strtoul(argv[2], NULL, 10);
    struct load *all = calloc(n, sizeof(*all));

    for (unsigned long i = 0; i < n; i++)
        all[i] = (struct load){.fd = dial(argv[0], argv[1]), .number = i, .bytes = strtoull(argv[3], NULL, 10)};
    for (unsigned long i = 0; i < n; i++)
        if (pthread_create(&all[i].sender, NULL, load_send, &all[i]) != 0 ||
            pthread_create(&all[i].receiver, NULL, load_receive, &all[i]) != 0)
            die("thread");
    for (unsigned long i = 0; i < n; i++) {
        pthread_join(all[i].sender, NULL);
        pthread_join(all[i].receiver, NULL);
        close(all[i].fd);
    }
    printf("%lu connections, %s bytes each way\n", n, argv[3]);
    free(all);
    return 0;
}

/* `most` bytes each way, or until the connection ends, however it does. */
static int exchange(char **argv, uint64_t most)
{
    int fd = dial(argv[0], argv[1]);
    char *bytes = calloc(1, CHUNK);
    ssize_t n = 0;

    puts("connected");
    fflush(stdout);
    /* Whole chunks: what is left unread adds up until this side's send and the echo's wait for each other. */
    for (uint64_t at = 0; at < most; at += CHUNK)
        if (send_all(fd, bytes, CHUNK) < 0 || (n = recv(fd, bytes, CHUNK, MSG_WAITALL)) <= 0)
            break;
    if (n > 0) /* left amid it: the last chunk is not read whole */
        send_all(fd, bytes, CHUNK);
    puts("ended");
    return 0;
}

static int do_hold(char **argv)
{
    return exchange(argv, UINT64_MAX);
}

static int do_leave(char **argv)
{
    return exchange(argv, 4 << 20);
}

static const struct {
    const char *name;
    int arguments; /* negative: so many at least */
    int (*fn)(char **argv);
} commands[] = {
    {"echo", 1, do_echo}, {"serve", -2, do_serve}, {"call", 1, do_call}, {"version", 2, do_version},
    {"load", 4, do_load}, {"hold", 2, do_hold}, {"leave", 2, do_leave},
};

static bool is_number(int given, int wanted)
{
    return wanted < 0 ? given >= -wanted : given == wanted;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0 && is_number(argc - 2, commands[i].arguments))
            return commands[i].fn(argv + 2);
    fprintf(stderr, "vsock: see the head of tests/lab/vsock.c\n");
    return 2;
}
