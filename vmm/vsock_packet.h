/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of a vsock packet (virtio 1.2, 5.10.6): bytes to struct and back; no I/O, no state.
 */
#ifndef VMM_VSOCK_PACKET_H
#define VMM_VSOCK_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VSOCK_HEADER_SIZE 44
#define VSOCK_PAYLOAD_MAX 65536 /* what Linux puts into one packet, and takes */
#define VSOCK_CID_HOST 2ULL
#define VSOCK_TYPE_STREAM 1

/* Operations, 5.10.6. */
enum vsock_op {
    VSOCK_OP_INVALID,
    VSOCK_OP_REQUEST,
    VSOCK_OP_RESPONSE,
    VSOCK_OP_RST,
    VSOCK_OP_SHUTDOWN,
    VSOCK_OP_RW,
    VSOCK_OP_CREDIT_UPDATE,
    VSOCK_OP_CREDIT_REQUEST,
};

/* Flags of VSOCK_OP_SHUTDOWN: the sender of the packet will not receive, will not send (5.10.6.5). */
enum { VSOCK_NO_RECEIVE = 1, VSOCK_NO_SEND = 2, VSOCK_NOTHING = 3 };

struct vsock_header {
    uint64_t src_cid, dst_cid;
    uint32_t src_port, dst_port;
    uint32_t len; /* of the payload behind it, bytes */
    uint16_t type, op;
    uint32_t flags, buf_alloc, fwd_cnt;
};

/* False: fewer than VSOCK_HEADER_SIZE bytes.  The values are as the sender wrote them. */
bool vsock_header_decode(struct vsock_header *h, const void *bytes, size_t len);
void vsock_header_encode(const struct vsock_header *h, uint8_t bytes[VSOCK_HEADER_SIZE]);

#endif
