/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net/frame.h"

#include <string.h>

#include "vmm/net_plan.h"

/* RFC 1071: the sum of 16-bit words may be made in any byte order, and in wider words, whose carries come round. */
static uint64_t add_round(uint64_t sum, uint64_t word)
{
    return __builtin_add_overflow(sum, word, &sum) ? sum + 1 : sum;
}

static uint16_t internet_checksum(const uint8_t *p, size_t len)
{
    uint64_t sum = 0, word;

    for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        sum = add_round(sum, word);
    }
    word = 0;
    memcpy(&word, p, len);
    sum = add_round(sum, word);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* 5.1.6.2: from csum_start to the end, the sum so far lying where the checksum goes. */
static bool complete_checksum(const struct net_header *h, uint8_t *frame, size_t len)
{
    size_t at = (size_t)h->csum_start + h->csum_offset;
    uint16_t sum;

    if (at + sizeof(sum) > len)
        return false;
    sum = internet_checksum(frame + h->csum_start, len - h->csum_start);
    if (sum == 0)
        sum = 0xffff; /* the same number, and to UDP zero means that there is none (RFC 768) */
    memcpy(frame + at, &sum, sizeof(sum));
    return true;
}

bool frame_accept(uint8_t *message, size_t len)
{
    uint8_t *frame = message + sizeof(struct net_header);
    struct net_header h;

    if (len < sizeof(h) + NET_ETHERNET_HEADER)
        return false;
    memcpy(&h, message, sizeof(h));
    len -= sizeof(h);
    if (h.gso_type != 0)
        return false;
    return !(h.flags & NET_HEADER_NEEDS_CSUM) || complete_checksum(&h, frame, len);
}
