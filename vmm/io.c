/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/io.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "vmm/loop.h"

#define LOG "io"
#include "core/base/log.h"

#define RING_SIZE 128
#define ZERO_CHUNK (256 * 1024)

enum op { OP_READ, OP_WRITE, OP_FLUSH, OP_ZERO };

struct request {
    enum op op;
    int fd;
    uint64_t offset, len; /* len: OP_ZERO */
    bool unmap;
    io_done *done;
    void *ctx;
    int pieces, first; /* iov[first..pieces) is still to do */
    struct iovec iov[];
};

struct io {
    struct loop *loop;
    struct loop_watch watch;
    int event_fd;
    bool ring_ready; /* else the host refuses io_uring */
    struct io_uring ring;
    unsigned in_flight;
};

static void on_complete(void *ctx, uint32_t events);

/* Of liburing 2.3 as a shared library both functions for this are missing. */
static int register_ring(const struct io_uring *ring, unsigned what, const void *arg, unsigned n)
{
    return syscall(SYS_io_uring_register, ring->ring_fd, what, arg, n) < 0 ? -errno : 0;
}

/* These four operations and no other: the sandbox (sandbox.h) does not see what a ring does. */
static int restrict_ring(struct io_uring *ring)
{
    static const uint8_t ops[] = {IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC, IORING_OP_FALLOCATE};
    struct io_uring_restriction rule[ARRAY_SIZE(ops)] = {0};
    int r;

    for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
        rule[i].opcode = IORING_RESTRICTION_SQE_OP;
        rule[i].sqe_op = ops[i];
    }
    r = register_ring(ring, IORING_REGISTER_RESTRICTIONS, rule, ARRAY_SIZE(rule));
    return r < 0 ? r : register_ring(ring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

static void make_ring(struct io *io)
{
    int r = io_uring_queue_init(RING_SIZE, &io->ring, IORING_SETUP_R_DISABLED);

    if (r == 0 && ((r = io_uring_register_eventfd(&io->ring, io->event_fd)) < 0 ||
                   (r = restrict_ring(&io->ring)) < 0))
        io_uring_queue_exit(&io->ring);
    if (r < 0)
        log_warn("io_uring is refused (%s): disks are served one request at a time", strerror(-r));
    io->ring_ready = r == 0;
}

struct io *io_new(struct loop *l, struct err *e)
{
    struct io *io = calloc(1, sizeof(*io));

    if (!io) {
        err_sys(e, ENOMEM, "disk I/O");
        return NULL;
    }
    *io = (struct io){.loop = l, .watch.fd = -1, .event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (io->event_fd < 0)
        err_sys(e, errno, "disk I/O");
    else if (loop_add(l, &io->watch, io->event_fd, EPOLLIN, on_complete, io, e) == 0) {
        make_ring(io);
        return io;
    }
    io_free(io);
    return NULL;
}

void io_free(struct io *io)
{
    if (!io)
        return;
    io_drain(io);
    loop_remove(io->loop, &io->watch);
    if (io->ring_ready)
        io_uring_queue_exit(&io->ring);
    if (io->event_fd >= 0)
        close(io->event_fd);
    free(io);
}

static void finish(struct request *q, int result)
{
    io_done *done = q->done;
    void *ctx = q->ctx;

    free(q);
    done(ctx, result);
}

/* Skips what was transferred; true when all is. */
static bool advance(struct request *q, size_t n)
{
    q->offset += n;
    while (q->first < q->pieces && n >= q->iov[q->first].iov_len)
        n -= q->iov[q->first++].iov_len;
    if (q->first == q->pieces)
        return true;
    q->iov[q->first].iov_base = (char *)q->iov[q->first].iov_base + n;
    q->iov[q->first].iov_len -= n;
    return false;
}

static void zero_rest(struct request *q)
{
    for (; q->first < q->pieces; q->first++)
        memset(q->iov[q->first].iov_base, 0, q->iov[q->first].iov_len);
}

/* --- zeroes --- */

static int write_zeroes(int fd, uint64_t offset, uint64_t len)
{
    static const char zeroes[ZERO_CHUNK];

    while (len) {
        ssize_t n = pwrite(fd, zeroes, len < ZERO_CHUNK ? len : ZERO_CHUNK, (off_t)offset);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            offset += (uint64_t)n;
            len -= (uint64_t)n;
        }
    }
    return 0;
}

static int zero_mode(const struct request *q)
{
    return (q->unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE) | FALLOC_FL_KEEP_SIZE;
}

/* A file system without this kind of fallocate gets real zeroes. */
static int zero_by_hand(const struct request *q, int result)
{
    return result == -EOPNOTSUPP || result == -ENODEV ? write_zeroes(q->fd, q->offset, q->len)
                                                      : result;
}

/* --- without io_uring --- */

static int run_transfer(struct request *q)
{
    while (q->first < q->pieces) {
        const struct iovec *iov = q->iov + q->first;
        int n = q->pieces - q->first;
        ssize_t moved = q->op == OP_READ ? preadv(q->fd, iov, n, (off_t)q->offset)
                                         : pwritev(q->fd, iov, n, (off_t)q->offset);

        if (moved < 0 && errno != EINTR)
            return -errno;
        if (moved == 0 && q->op == OP_READ)
            zero_rest(q);
        else if (moved == 0)
            return -ENOSPC;
        else if (moved > 0)
            advance(q, (size_t)moved);
    }
    return 0;
}

static int run_now(struct request *q)
{
    int r;

    if (q->op == OP_FLUSH)
        return fdatasync(q->fd) < 0 ? -errno : 0;
    if (q->op != OP_ZERO)
        return run_transfer(q);
    r = fallocate(q->fd, zero_mode(q), (off_t)q->offset, (off_t)q->len) < 0 ? -errno : 0;
    return zero_by_hand(q, r);
}

/* --- with it --- */

static void queue(struct io *io, struct request *q)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&io->ring);

    if (!sqe) { /* full: hand over what is there, then there is room */
        io_uring_submit(&io->ring);
        sqe = io_uring_get_sqe(&io->ring);
    }
    if (!sqe) {
        finish(q, run_now(q));
        return;
    }
    if (q->op == OP_READ)
        io_uring_prep_readv(sqe, q->fd, q->iov + q->first, (unsigned)(q->pieces - q->first),
                            q->offset);
    else if (q->op == OP_WRITE)
        io_uring_prep_writev(sqe, q->fd, q->iov + q->first, (unsigned)(q->pieces - q->first),
                             q->offset);
    else if (q->op == OP_FLUSH)
        io_uring_prep_fsync(sqe, q->fd, IORING_FSYNC_DATASYNC);
    else
        io_uring_prep_fallocate(sqe, q->fd, zero_mode(q), (off_t)q->offset, (off_t)q->len);
    io_uring_sqe_set_data(sqe, q);
    io->in_flight++;
}

static void complete(struct io *io, struct request *q, int result)
{
    io->in_flight--;
    if (result == -EINTR || result == -EAGAIN) {
        queue(io, q);
        return;
    }
    if (result < 0 || q->op == OP_FLUSH || q->op == OP_ZERO) {
        finish(q, q->op == OP_ZERO ? zero_by_hand(q, result) : result);
        return;
    }
    if (result == 0 && q->op == OP_READ)
        zero_rest(q);
    if (result == 0 || advance(q, (size_t)result))
        finish(q, result == 0 && q->op == OP_WRITE && q->pieces ? -ENOSPC : 0);
    else
        queue(io, q);
}

static void reap(struct io *io)
{
    struct io_uring_cqe *cqe;

    while (io_uring_peek_cqe(&io->ring, &cqe) == 0) {
        struct request *q = io_uring_cqe_get_data(cqe);
        int result = cqe->res;

        io_uring_cqe_seen(&io->ring, cqe);
        complete(io, q, result);
    }
}

static void on_complete(void *ctx, uint32_t events)
{
    struct io *io = ctx;
    uint64_t count;

    (void)events;
    if (read(io->event_fd, &count, sizeof(count)) != sizeof(count))
        return;
    reap(io);
    io_submit(io);
}

void io_submit(struct io *io)
{
    if (io->ring_ready && io_uring_sq_ready(&io->ring))
        io_uring_submit(&io->ring);
}

void io_drain(struct io *io)
{
    while (io->in_flight) {
        io_uring_submit_and_wait(&io->ring, 1);
        reap(io);
    }
}

/* --- the operations --- */

static void start(struct io *io, const struct request *what, const struct iovec *iov)
{
    struct request *q = malloc(sizeof(*q) + (size_t)what->pieces * sizeof(*iov));

    if (!q) {
        what->done(what->ctx, -ENOMEM);
        return;
    }
    *q = *what;
    if (iov)
        memcpy(q->iov, iov, (size_t)q->pieces * sizeof(*iov));
    if (io->ring_ready)
        queue(io, q);
    else
        finish(q, run_now(q));
}

void io_read(struct io *io, int fd, const struct iovec *iov, int n, uint64_t offset, io_done *done,
             void *ctx)
{
    start(io, &(struct request){OP_READ, fd, offset, 0, false, done, ctx, n, 0}, iov);
}

void io_write(struct io *io, int fd, const struct iovec *iov, int n, uint64_t offset, io_done *done,
              void *ctx)
{
    start(io, &(struct request){OP_WRITE, fd, offset, 0, false, done, ctx, n, 0}, iov);
}

void io_flush(struct io *io, int fd, io_done *done, void *ctx)
{
    start(io, &(struct request){OP_FLUSH, fd, 0, 0, false, done, ctx, 0, 0}, NULL);
}

void io_zero(struct io *io, int fd, uint64_t offset, uint64_t len, bool unmap, io_done *done,
             void *ctx)
{
    start(io, &(struct request){OP_ZERO, fd, offset, len, unmap, done, ctx, 0, 0}, NULL);
}
