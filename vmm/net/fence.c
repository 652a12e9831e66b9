/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net/fence.h"

#include <netinet/in.h>
#include <string.h>

#include "vmm/net_plan.h"

#define ETHERTYPE_AT 12
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define IPV4_FRAGMENT 0x3fff /* more fragments, or not the first */
#define TCP_FLAGS_AT 13
#define TCP_SYN 0x02
#define TCP_ACK 0x10
#define PORT_DNS 53
#define PORT_DHCP 67
#define PORT_DHCP6 547

enum place { WORLD, NOWHERE, RESOLVER, NETWORK };

struct packet {
    bool v6, fragment;
    uint8_t protocol;
    const uint8_t *to, *payload;
    size_t len; /* of the payload */
};

static unsigned be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static bool parse_ipv4(struct packet *p, const uint8_t *ip, size_t len)
{
    size_t header = len >= IPV4_HEADER ? (ip[0] & 15U) * 4 : 0;

    if (header < IPV4_HEADER)
        return false;
    *p = (struct packet){.fragment = be16(ip + 6) & IPV4_FRAGMENT, .protocol = ip[9], .to = ip + 16,
                         .payload = ip + header, .len = len > header ? len - header : 0};
    return true;
}

/* Extension headers are no protocol that libslirp knows. */
static bool parse_ipv6(struct packet *p, const uint8_t *ip, size_t len)
{
    if (len < IPV6_HEADER)
        return false;
    *p = (struct packet){.v6 = true, .protocol = ip[6], .to = ip + 24, .payload = ip + IPV6_HEADER,
                         .len = len - IPV6_HEADER};
    return true;
}

/* False: no packet of IP that is whole enough to have addresses. */
static bool parse(struct packet *p, const uint8_t *frame, size_t len)
{
    unsigned type = len >= NET_ETHERNET_HEADER ? be16(frame + ETHERTYPE_AT) : 0;

    frame += NET_ETHERNET_HEADER;
    if (type == ETHERTYPE_IPV4)
        return parse_ipv4(p, frame, len - NET_ETHERNET_HEADER);
    return type == ETHERTYPE_IPV6 && parse_ipv6(p, frame, len - NET_ETHERNET_HEADER);
}

static enum place place4(const uint8_t *to)
{
    static const uint8_t network[] = NET_NETWORK_BYTES, resolver[] = NET_DNS_BYTES;

    if (to[0] == 127 || to[0] == 0)
        return NOWHERE;
    if (memcmp(to, resolver, sizeof(resolver)) == 0)
        return RESOLVER;
    return to[0] >= 224 || memcmp(to, network, NET_PREFIX / 8) == 0 ? NETWORK : WORLD;
}

static enum place place6(const uint8_t *to)
{
    static const uint8_t network[] = NET_NETWORK6_BYTES, resolver[] = NET_DNS6_BYTES;
    static const uint8_t zero[12], mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (memcmp(to, zero, sizeof(zero)) == 0 || memcmp(to, mapped, sizeof(mapped)) == 0)
        return NOWHERE;
    if (memcmp(to, resolver, sizeof(resolver)) == 0)
        return RESOLVER;
    if (to[0] == 0xff || (to[0] == 0xfe && (to[1] & 0xc0) == 0x80)) /* multicast, link-local */
        return NETWORK;
    return memcmp(to, network, NET_PREFIX6 / 8) == 0 ? NETWORK : WORLD;
}

/* Zero is no flow: ports are not. */
static uint32_t flow_key(unsigned guest_port, unsigned other_port)
{
    return guest_port << 16 | other_port;
}

static uint32_t flow_slot(uint32_t key)
{
    return key * 2654435761U >> 20; /* Knuth's multiplicative hash: 12 bits */
}

static bool is_answer(const struct fence *f, const struct packet *p)
{
    unsigned to = be16(p->payload + 2);
    uint32_t key = flow_key(be16(p->payload), to);

    if (p->protocol == IPPROTO_TCP)
        return (p->payload[TCP_FLAGS_AT] & (TCP_SYN | TCP_ACK)) != TCP_SYN;
    return p->protocol == IPPROTO_UDP &&
           (to == (p->v6 ? PORT_DHCP6 : PORT_DHCP) || f->flow[flow_slot(key)] == key);
}

bool fence_lets_out(const struct fence *f, const uint8_t *frame, size_t len)
{
    struct packet p;
    enum place place;

    if (!parse(&p, frame, len))
        return true; /* ARP; libslirp drops what is less than a header */
    place = p.v6 ? place6(p.to) : place4(p.to);
    if (place == WORLD || place == NOWHERE)
        return place == WORLD;
    if (p.protocol == (p.v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
        return true;
    if (p.fragment || p.len <= TCP_FLAGS_AT - (p.protocol == IPPROTO_UDP ? 6 : 0))
        return false;
    if (place == RESOLVER)
        return be16(p.payload + 2) == PORT_DNS;
    return f->host || is_answer(f, &p);
}

/* Ports of a datagram whose header is whole; 0: it is none. */
static uint32_t datagram_flow(const struct packet *p, bool to_guest)
{
    unsigned from, to;

    if (p->protocol != IPPROTO_UDP || p->len < 8 || p->fragment)
        return 0;
    from = be16(p->payload);
    to = be16(p->payload + 2);
    return to_guest ? flow_key(to, from) : flow_key(from, to);
}

void fence_sent(struct fence *f, const uint8_t *frame, size_t len)
{
    struct packet p;
    uint32_t key = parse(&p, frame, len) ? datagram_flow(&p, false) : 0;

    if (key && f->flow[flow_slot(key)] != key) /* no answer of its own */
        f->sent[flow_slot(key)] = key;
}

void fence_note(struct fence *f, const uint8_t *frame, size_t len)
{
    struct packet p;
    uint32_t key;

    if (!parse(&p, frame, len))
        return;
    if (p.protocol == IPPROTO_TCP && p.len > TCP_FLAGS_AT && !p.fragment)
        f->visits += (p.payload[TCP_FLAGS_AT] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
    key = datagram_flow(&p, true);
    if (!key)
        return;
    f->visits += f->sent[flow_slot(key)] != key;
    f->flow[flow_slot(key)] = key;
}
