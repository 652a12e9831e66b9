/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's end of vsock: Unix stream sockets, as Firecracker has them.
 *
 * A host program connects to PATH and sends "CONNECT PORT\n"; once the guest has accepted it reads
 * "OK HOSTPORT\n", and from then on the connection is a stream of bytes to and from the guest's
 * port.  A refusal is the end of the connection.  Where the guest connects to the host's port N,
 * PATH_N is connected to; when nobody listens there the guest is refused.
 *
 * All descriptors are non-blocking.
 */
#ifndef VMM_VSOCK_HOST_H
#define VMM_VSOCK_HOST_H

#include <stdint.h>

struct err;

#define VSOCK_HELLO_MAX 32 /* bytes of either line, its end included */

/* A descriptor, or -errno.  Takes the name over from whatever is there; only its owner may connect. */
int vsock_host_listen(const char *path, struct err *e);
/* Connects to PATH_PORT: a descriptor, or -errno; never waits. */
int vsock_host_connect(const char *path, uint32_t port);
/* Takes the first line from `fd`, and no byte behind it: 1 and *port, 0: not all here, -errno. */
int vsock_host_hello(int fd, uint32_t *port);
/* Answers it: 0 or -errno. */
int vsock_host_answer(int fd, uint32_t host_port);

#endif
