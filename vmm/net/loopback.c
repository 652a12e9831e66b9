/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net/loopback.h"

#include <netinet/in.h>
#include <string.h>

/* Of a frame with no options in its IPv4 header, as libslirp and Linux send TCP. */
#define IP_AT NET_ETHERNET_HEADER
#define IP_FRAGMENT_AT (IP_AT + 6)
#define IP_PROTOCOL_AT (IP_AT + 9)
#define IP_CHECKSUM_AT (IP_AT + 10)
#define FROM_AT (IP_AT + 12)
#define TO_AT (IP_AT + 16)
#define TCP_AT (IP_AT + 20)
#define FROM_PORT_AT TCP_AT
#define TO_PORT_AT (TCP_AT + 2)
#define TCP_FLAGS_AT (TCP_AT + 13)
#define TCP_CHECKSUM_AT (TCP_AT + 16)
#define TCP_END (TCP_AT + 20)

#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

static const uint8_t own[] = NET_GUEST_BYTES, local[] = {127, 0, 0, 1};

static uint32_t be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static bool is_tcp4(const uint8_t *frame, size_t len)
{
    return len >= TCP_END && be16(frame + IP_AT - 2) == 0x0800 && frame[IP_AT] == 0x45 &&
           frame[IP_PROTOCOL_AT] == IPPROTO_TCP && (be16(frame + IP_FRAGMENT_AT) & 0x3fff) == 0;
}

/* RFC 1624, equation 3. */
static void adjust(uint8_t *checksum, const uint8_t *was, const uint8_t *is)
{
    uint32_t sum = ~be16(checksum) & 0xffff;

    for (int i = 0; i < 4; i += 2)
        sum += (~be16(was + i) & 0xffff) + be16(is + i);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    checksum[0] = (uint8_t)(sum >> 8);
    checksum[1] = (uint8_t)sum;
}

static void readdress(uint8_t *frame, size_t at, const uint8_t *address)
{
    adjust(frame + IP_CHECKSUM_AT, frame + at, address);
    adjust(frame + TCP_CHECKSUM_AT, frame + at, address); /* its pseudo header has the address, too */
    memcpy(frame + at, address, sizeof(own));
}

static bool is_local(const struct loopback *l, uint32_t port)
{
    return l->port[port / 64] >> port % 64 & 1;
}

static void set_local(struct loopback *l, uint32_t port, bool on)
{
    l->port[port / 64] &= ~(1ULL << port % 64);
    l->port[port / 64] |= (uint64_t)on << port % 64;
}

static void remember(struct loopback *l, const uint8_t *syn, size_t len)
{
    struct loopback_syn *s = &l->syn[be16(syn + FROM_PORT_AT) % LOOPBACK_SYNS];

    s->answered = len > sizeof(s->frame);
    s->len = s->answered ? 0 : (uint8_t)len;
    memcpy(s->frame, syn, s->len);
}

const uint8_t *loopback_to_guest(struct loopback *l, const uint8_t *frame, size_t len)
{
    if (!is_tcp4(frame, len))
        return frame;
    if ((frame[TCP_FLAGS_AT] & (TCP_SYN | TCP_ACK)) == TCP_SYN)
        remember(l, frame, len);
    if (!is_local(l, be16(frame + TO_PORT_AT)))
        return frame;
    memcpy(l->changed, frame, len);
    readdress(l->changed, TO_AT, local);
    return l->changed;
}

/* The SYN that this frame is the first answer to, or NULL. */
static struct loopback_syn *answered_by(struct loopback *l, const uint8_t *frame)
{
    struct loopback_syn *s = &l->syn[be16(frame + TO_PORT_AT) % LOOPBACK_SYNS];

    if (s->len == 0 || s->answered || memcmp(s->frame + FROM_PORT_AT, frame + TO_PORT_AT, 2) != 0 ||
        memcmp(s->frame + TO_PORT_AT, frame + FROM_PORT_AT, 2) != 0)
        return NULL;
    s->answered = true;
    return s;
}

const struct loopback_syn *loopback_from_guest(struct loopback *l, uint8_t *frame, size_t len)
{
    struct loopback_syn *s;
    bool from_local;

    if (!is_tcp4(frame, len))
        return NULL;
    from_local = memcmp(frame + FROM_AT, local, sizeof(local)) == 0;
    if (from_local)
        readdress(frame, FROM_AT, own);
    if ((frame[TCP_FLAGS_AT] & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
        set_local(l, be16(frame + FROM_PORT_AT), from_local);
    s = answered_by(l, frame);
    if (!s || !(frame[TCP_FLAGS_AT] & TCP_RST))
        return NULL;
    if (!from_local)
        readdress(s->frame, TO_AT, local);
    return s;
}
