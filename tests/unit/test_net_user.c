/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxtop-net's loop in a child, its guest played here frame by frame. */
#include "vmm/net/user.h"

#include "tests/unit/fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "vmm/net_plan.h"

#define ETHERNET NET_ETHERNET_HEADER
#define PATIENCE_MS 20000

struct world {
    int frames, requests, listener;
    uint16_t port; /* of the listener, a UDP socket on the host's loopback */
    pid_t child;
};

static int udp_socket(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void start(struct world *w, bool host)
{
    int frames[2], requests[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, frames), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, requests), 0);
    w->listener = udp_socket(&w->port);
    w->child = fork();
    if (w->child == 0) {
        struct user *u = user_new(frames[1], requests[1], host, NULL);

        close(frames[0]);
        close(requests[0]);
        close(w->listener);
        user_run(u);
        user_free(u);
        _exit(0);
    }
    close(frames[1]);
    close(requests[1]);
    w->frames = frames[0];
    w->requests = requests[0];
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    start(w, false);
    *state = w;
    return 0;
}

static int set_up_host(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    start(w, true);
    *state = w;
    return 0;
}

/* It ends by itself, in order, when its sockets close. */
static int tear_down(void **state)
{
    struct world *w = *state;
    int status;

    close(w->frames);
    close(w->requests);
    close(w->listener);
    assert_int_equal(waitpid(w->child, &status, 0), w->child);
    assert_int_equal(status, 0);
    free(w);
    return 0;
}

struct frame {
    struct net_header h;
    uint8_t bytes[2048];
    size_t len;
};

static uint16_t checksum(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static void put(struct frame *f, const void *bytes, size_t len)
{
    memcpy(f->bytes + f->len, bytes, len);
    f->len += len;
}

static void put16(struct frame *f, uint16_t value)
{
    value = htons(value);
    put(f, &value, 2);
}

static void put_address(struct frame *f, const char *text)
{
    assert_int_equal(inet_pton(AF_INET, text, f->bytes + f->len), 1);
    f->len += 4;
}

static struct frame ethernet(uint16_t type)
{
    static const uint8_t to[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, from[] = NET_MAC;
    struct frame f = {.len = 0};

    put(&f, to, 6);
    put(&f, from, 6);
    put16(&f, type);
    return f;
}

static struct frame ipv4_from(const char *from, const char *to, uint8_t protocol, uint16_t payload)
{
    struct frame f = ethernet(0x0800);
    uint16_t sum;

    put(&f, "\x45\0", 2);
    put16(&f, (uint16_t)(20 + payload));
    put(&f, "\0\0\0\0\x40", 5);
    put(&f, &protocol, 1);
    put16(&f, 0);
    put_address(&f, from);
    put_address(&f, to);
    sum = checksum(f.bytes + ETHERNET, 20);
    memcpy(f.bytes + ETHERNET + 10, &sum, 2);
    return f;
}

static struct frame ipv4(const char *to, uint8_t protocol, uint16_t payload)
{
    return ipv4_from(NET_GUEST, to, protocol, payload);
}

static struct frame udp(const char *to, uint16_t port, const char *text)
{
    uint16_t len = (uint16_t)(8 + strlen(text));
    struct frame f = ipv4(to, 17, len);

    put16(&f, 5555);
    put16(&f, port);
    put16(&f, len);
    put16(&f, 0);
    put(&f, text, strlen(text));
    return f;
}

static void send_frame(struct world *w, const struct frame *f)
{
    assert_int_equal(send(w->frames, f, sizeof(f->h) + f->len, 0), sizeof(f->h) + f->len);
}

/* The next frame of this type that has `bytes` at `at`; others are passed over. */
static struct frame expect_frame(struct world *w, uint16_t type, size_t at, const void *bytes, size_t len)
{
    struct pollfd p = {.fd = w->frames, .events = POLLIN};
    struct frame f;

    while (poll(&p, 1, PATIENCE_MS) == 1) {
        ssize_t n = recv(w->frames, &f, sizeof(f.h) + sizeof(f.bytes), 0);

        assert_true(n > (ssize_t)sizeof(f.h));
        f.len = (size_t)n - sizeof(f.h);
        if (f.bytes[12] == type >> 8 && f.bytes[13] == (type & 0xff) && memcmp(f.bytes + at, bytes, len) == 0)
            return f;
    }
    fail_msg("no such frame");
    return f;
}

static void ask_for_gateway(struct world *w)
{
    static const uint8_t from[] = NET_MAC;
    struct frame f = ethernet(0x0806);

    put(&f, "\0\1\x08\0\6\4\0\1", 8);
    put(&f, from, 6);
    put_address(&f, NET_GUEST);
    put(&f, "\0\0\0\0\0\0", 6);
    put_address(&f, NET_GATEWAY);
    send_frame(w, &f);
    expect_frame(w, 0x0806, ETHERNET + 6, "\0\2", 2);
}

static void ping_gateway(struct world *w)
{
    struct frame f = ipv4(NET_GATEWAY, 1, 8);
    uint16_t sum;

    put(&f, "\x08\0\0\0\0\1\0\1", 8);
    sum = checksum(f.bytes + ETHERNET + 20, 8);
    memcpy(f.bytes + ETHERNET + 22, &sum, 2);
    send_frame(w, &f);
    expect_frame(w, 0x0800, ETHERNET + 20, "\0\0", 2); /* echo reply */
}

static void assert_heard(struct world *w, const char *text)
{
    struct pollfd p = {.fd = w->listener, .events = POLLIN};
    char got[64] = "";

    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_true(recv(w->listener, got, sizeof(got) - 1, 0) > 0);
    assert_string_equal(got, text);
}

/* What was sent before has been dealt with once the gateway answers. */
static void assert_heard_nothing(struct world *w)
{
    char got[64];

    ping_gateway(w);
    assert_int_equal(recv(w->listener, got, sizeof(got), MSG_DONTWAIT), -1);
}

static void say(struct world *w, const char *to, const char *text)
{
    struct frame f = udp(to, w->port, text);

    send_frame(w, &f);
}

static void test_gateway__answers(void **state)
{
    ask_for_gateway(*state);
    ping_gateway(*state);
}

static void test_host__is_closed_by_default(void **state)
{
    static const char *const to[] = {NET_GATEWAY, "127.0.0.1", "127.1.2.3", "0.0.0.0", "255.255.255.255",
                                     NET_DNS, "10.187.83.0", "10.187.83.255"};
    struct world *w = *state;

    ask_for_gateway(w);
    for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++)
        say(w, to[i], "secret");
    assert_heard_nothing(w);
}

static void test_host__is_at_the_gateways_address_when_asked_for(void **state)
{
    struct world *w = *state;

    ask_for_gateway(w);
    say(w, NET_GATEWAY, "hello");
    assert_heard(w, "hello");
    say(w, "127.0.0.1", "by another name");
    say(w, "0.0.0.0", "by no name");
    assert_heard_nothing(w);
}

static void test_checksum__is_completed_for_libslirp(void **state)
{
    struct world *w = *state;
    struct frame f = udp(NET_GATEWAY, w->port, "checked"), wrong;
    uint8_t pseudo[12];
    uint16_t partial;

    ask_for_gateway(w);
    memcpy(pseudo, f.bytes + ETHERNET + 12, 8);
    memcpy(pseudo + 8, "\0\x11\0\x0f", 4);
    partial = (uint16_t)~checksum(pseudo, 12);
    memcpy(f.bytes + ETHERNET + 26, &partial, 2);
    wrong = f;
    send_frame(w, &wrong); /* not completed: libslirp refuses it, so the test can fail */
    assert_heard_nothing(w);
    f.h = (struct net_header){.flags = NET_HEADER_NEEDS_CSUM, .csum_start = ETHERNET + 20, .csum_offset = 6};
    send_frame(w, &f);
    assert_heard(w, "checked");
}

static void request(struct world *w, const char *text, const char *answer)
{
    struct pollfd p = {.fd = w->requests, .events = POLLIN};
    char got[NET_REQUEST_MAX] = "";

    assert_true(send(w->requests, text, strlen(text), 0) > 0);
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_true(recv(w->requests, got, sizeof(got) - 1, 0) > 0);
    if (!strstr(got, answer))
        fail_msg("'%s' is answered by '%s'", text, got);
}

static void test_forwards__are_made_refused_and_removed(void **state)
{
    struct world *w = *state;
    char text[64];

    snprintf(text, sizeof(text), "+127.0.0.1:%u:7/udp", w->port);
    request(w, text, "Address already in use; another program of this host has the port: take another one"); /* the listener */
    request(w, "+192.0.2.1:5000:7", "Cannot assign requested address; `ip addr` lists those that this host has");
    close(w->listener);
    request(w, text, "ok");
    text[0] = '-';
    request(w, text, "ok");
    request(w, text, "No such file");
    request(w, "+nonsense", "forward is");
    request(w, "?1:1", "not a request");
    w->listener = udp_socket(&w->port);
}

static void test_forwards__lead_to_the_guest(void **state)
{
    struct world *w = *state;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct frame f, answer;
    uint16_t port;
    char text[64];

    close(udp_socket(&port)); /* a free one */
    to.sin_port = htons(port);
    ask_for_gateway(w);
    snprintf(text, sizeof(text), "+%u:7/udp", port);
    request(w, text, "ok");
    assert_int_equal(sendto(w->listener, "knock", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
    f = expect_frame(w, 0x0800, ETHERNET + 22, "\0\7", 2);
    assert_memory_equal(f.bytes + ETHERNET + 28, "knock", 5);
    /* and the answer back, which libslirp alone would not let pass while the host is closed */
    answer = udp(NET_GATEWAY, (uint16_t)(f.bytes[ETHERNET + 20] << 8 | f.bytes[ETHERNET + 21]), "come in");
    memcpy(answer.bytes + ETHERNET + 20, "\0\7", 2);
    send_frame(w, &answer);
    assert_heard(w, "come in");
    request(w, "?", "usage 0 1"); /* the answer is none of it, the next datagram is */
    assert_int_equal(sendto(w->listener, "again", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
    expect_frame(w, 0x0800, ETHERNET + 22, "\0\7", 2);
    request(w, "?", "usage 0 2");
}

static void test_usage__counts_connections_through_forwards(void **state)
{
    struct world *w = *state;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char text[64];
    uint16_t port;

    close(udp_socket(&port)); /* most likely free for TCP as well */
    to.sin_port = htons(port);
    ask_for_gateway(w);
    request(w, "?", "usage 0 0");
    snprintf(text, sizeof(text), "+%u:7", port);
    request(w, text, "ok");
    request(w, "?", "usage 0 0"); /* a forward alone is no use */
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    expect_frame(w, 0x0800, ETHERNET + 22, "\0\7", 2); /* SYN */
    request(w, "?", "usage 1 1");
    close(fd);
}

#define TCP (ETHERNET + 20)
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* Over addresses, protocol, length and all of TCP (RFC 9293, 3.1): zero when the checksum in it is right. */
static uint16_t tcp_sum(const struct frame *f)
{
    uint8_t all[12 + sizeof(f->bytes)] = {0};

    memcpy(all, f->bytes + ETHERNET + 12, 8);
    all[9] = 6;
    all[10] = (uint8_t)((f->len - TCP) >> 8);
    all[11] = (uint8_t)(f->len - TCP);
    memcpy(all + 12, f->bytes + TCP, f->len - TCP);
    return checksum(all, 12 + f->len - TCP);
}

/* The guest's answer, from one of its addresses, to a frame whose data is `len` long (a SYN counts as one). */
static void answer_tcp(struct world *w, const struct frame *to, const char *from, uint8_t flags, uint32_t seq, uint32_t len)
{
    struct frame f = ipv4_from(from, NET_GATEWAY, 6, 20);
    uint32_t ack;
    uint16_t sum;

    memcpy(&ack, to->bytes + TCP + 4, 4);
    ack = htonl(ntohl(ack) + len);
    seq = htonl(seq);
    put(&f, to->bytes + TCP + 2, 2);
    put(&f, to->bytes + TCP, 2);
    put(&f, &seq, 4);
    put(&f, &ack, 4);
    put(&f, (uint8_t[]){0x50, (uint8_t)(flags | TCP_ACK)}, 2);
    put(&f, "\x40\0\0\0\0\0", 6);
    sum = tcp_sum(&f);
    memcpy(f.bytes + TCP + 16, &sum, 2);
    send_frame(w, &f);
}

static struct frame expect_tcp(struct world *w, const char *to, uint8_t flags)
{
    uint8_t want[4];
    struct frame f;

    assert_int_equal(inet_pton(AF_INET, to, want), 1);
    f = expect_frame(w, 0x0800, ETHERNET + 16, want, 4);
    assert_int_equal(f.bytes[TCP + 13] & (TCP_SYN | TCP_RST), flags);
    assert_int_equal(checksum(f.bytes + ETHERNET, 20), 0);
    assert_int_equal(tcp_sum(&f), 0);
    return f;
}

/* A forward to the guest's port 7, and a client of the host's that connects to it; libslirp takes it at once. */
static int connect_through(struct world *w, uint16_t *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char text[64];

    if (*port == 0) {
        close(udp_socket(port)); /* most likely free for TCP as well */
        snprintf(text, sizeof(text), "+%u:7", *port);
        ask_for_gateway(w);
        request(w, text, "ok");
    }
    to.sin_port = htons(*port);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void assert_ended(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char byte;

    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
}

/* Nobody listens at the guest's address: the SYN that then comes to its loopback. */
static struct frame refuse_at_its_address(struct world *w)
{
    struct frame f = expect_tcp(w, NET_GUEST, TCP_SYN);

    answer_tcp(w, &f, NET_GUEST, TCP_RST, 0, 1);
    return expect_tcp(w, "127.0.0.1", TCP_SYN);
}

static void test_forwards__lead_to_a_server_on_the_guests_loopback(void **state)
{
    struct world *w = *state;
    uint16_t port = 0;
    struct frame f;
    int fd = connect_through(w, &port);

    f = refuse_at_its_address(w);
    answer_tcp(w, &f, "127.0.0.1", TCP_SYN, 1000, 1);
    f = expect_tcp(w, "127.0.0.1", 0); /* libslirp's ACK, and then what the client says */
    assert_int_equal(send(fd, "hello", 5, 0), 5);
    while (f.len == TCP + 20)
        f = expect_tcp(w, "127.0.0.1", 0);
    assert_memory_equal(f.bytes + TCP + 20, "hello", 5);
    answer_tcp(w, &f, "127.0.0.1", TCP_RST, 1001, 5); /* of one that was taken it ends the connection */
    assert_ended(fd);
}

static void test_forwards__that_are_refused_everywhere_end(void **state)
{
    struct world *w = *state;
    uint16_t port = 0;
    struct frame f;
    int fd = connect_through(w, &port);

    f = refuse_at_its_address(w);
    answer_tcp(w, &f, "127.0.0.1", TCP_RST, 0, 1);
    assert_ended(fd);
    fd = connect_through(w, &port);
    expect_tcp(w, NET_GUEST, TCP_SYN); /* and the next begins where all do */
    close(fd);
}

/* A server that moves: from 127.0.0.1 to the guest's address alone. */
static void test_forwards__find_a_server_that_has_moved(void **state)
{
    struct world *w = *state;
    uint16_t port = 0;
    struct frame f;
    int fd = connect_through(w, &port);

    f = refuse_at_its_address(w);
    answer_tcp(w, &f, "127.0.0.1", TCP_SYN, 1000, 1);
    f = expect_tcp(w, "127.0.0.1", 0);
    answer_tcp(w, &f, "127.0.0.1", TCP_RST, 1001, 0);
    assert_ended(fd);
    fd = connect_through(w, &port);
    f = expect_tcp(w, "127.0.0.1", TCP_SYN);
    answer_tcp(w, &f, "127.0.0.1", TCP_RST, 0, 1);
    f = expect_tcp(w, NET_GUEST, TCP_SYN);
    answer_tcp(w, &f, NET_GUEST, TCP_SYN, 2000, 1);
    f = expect_tcp(w, NET_GUEST, 0);
    answer_tcp(w, &f, NET_GUEST, TCP_RST, 2001, 0);
    assert_ended(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name, up) cmocka_unit_test_setup_teardown(name, up, tear_down)
        T(test_gateway__answers, set_up),
        T(test_host__is_closed_by_default, set_up),
        T(test_host__is_at_the_gateways_address_when_asked_for, set_up_host),
        T(test_checksum__is_completed_for_libslirp, set_up_host),
        T(test_forwards__are_made_refused_and_removed, set_up),
        T(test_forwards__lead_to_the_guest, set_up),
        T(test_forwards__lead_to_a_server_on_the_guests_loopback, set_up),
        T(test_forwards__that_are_refused_everywhere_end, set_up),
        T(test_forwards__find_a_server_that_has_moved, set_up),
        T(test_usage__counts_connections_through_forwards, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
