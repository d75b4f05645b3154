/* SPDX-License-Identifier: MIT */
/*
 * socket_pair.c: socketpair(2): two sockets that are each other's peer, over two
 * pipes. Streams only, and the only sockets of AF_UNIX: there is nobody else on
 * this machine to connect to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "pipe.h"
#include "pool.h"
#include "services.h"
#include "socket.h"
#include "vm.h"

enum { MAX_ENDS = DESCRIPTORS, TYPE_MASK = 15, FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC };

struct pair_end {
    struct pipe *in, *out; /* null until it has a peer */
    struct socket *peer;   /* null once closed */
    bool was_reset;        /* the peer went without reading everything */
};

static struct pool pool = POOL(struct pair_end, MAX_ENDS);

static struct pair_end *end_of(const struct socket *socket)
{
    return socket->object;
}

static long pair_write(struct socket *socket, const void *buf, size_t len, int flags)
{
    struct pair_end *end = end_of(socket);

    (void)flags;
    if (socket->ends_writing)
        return -EPIPE;
    size_t n = pipe_put(end->out, buf, len);
    if (!n)
        return -EAGAIN;
    wake_all(&end->peer->waiters);
    return (long)n;
}

static int pair_take_error(struct socket *socket)
{
    struct pair_end *end = end_of(socket);
    int error = end->was_reset ? -ECONNRESET : 0;

    end->was_reset = false;
    return error;
}

static long pair_read(struct socket *socket, void *buf, size_t len, int flags)
{
    struct pair_end *end = end_of(socket);
    size_t n = pipe_take(end->in, buf, len, flags & MSG_PEEK);

    if (n) {
        if (end->peer && !(flags & MSG_PEEK))
            wake_all(&end->peer->waiters);
        return (long)n;
    }
    int error = pair_take_error(socket);
    return error ? error : socket->ends_reading ? 0 : -EAGAIN;
}

static unsigned pair_ready(struct socket *socket)
{
    struct pair_end *end = end_of(socket);

    return (end->in->used ? POLLIN : 0) | (socket->ends_reading ? POLLIN | POLLRDHUP : 0) |
           (end->out->used <= PIPE_SIZE / 4 ? POLLOUT : 0) |
           (socket->ends_reading && socket->ends_writing ? POLLHUP : 0) | (end->was_reset ? POLLERR : 0);
}

static long pair_shutdown(struct socket *socket, int how)
{
    struct socket *peer = end_of(socket)->peer;
    bool reading = how != SHUT_WR, writing = how != SHUT_RD;

    socket->ends_reading |= reading;
    socket->ends_writing |= writing;
    if (peer) {
        peer->ends_reading |= writing;
        peer->ends_writing |= reading;
        socket_changed(peer);
    }
    socket_changed(socket);
    return 0;
}

static void pair_close(struct socket *socket)
{
    struct pair_end *end = end_of(socket);

    if (end->peer) {
        end_of(end->peer)->was_reset = end->in->used > 0;
        end_of(end->peer)->peer = 0;
        end->peer->ends_reading = end->peer->ends_writing = true;
        socket_changed(end->peer);
    }
    if (end->in) {
        pipe_close_reader(end->in);
        pipe_close_writer(end->out);
    }
    pool_free(&pool, end);
}

/* Both are without a name. */
static long pair_name(struct socket *socket, enum socket_end which, struct sockaddr_storage *address)
{
    (void)socket, (void)which;
    address->ss_family = AF_UNIX;
    return sizeof address->ss_family;
}

static long pair_unread(struct socket *socket)
{
    return (long)end_of(socket)->in->used;
}

static const struct socket_ops pair_ops = {
    .domain = AF_UNIX,
    .type = SOCK_STREAM,
    .shutdown = pair_shutdown,
    .name = pair_name,
    .write = pair_write,
    .read = pair_read,
    .ready = pair_ready,
    .unread = pair_unread,
    .take_error = pair_take_error,
    .close = pair_close,
};

/* ---- making one --------------------------------------------------------------- */

static void join(struct socket *a, struct socket *b, struct pipe *from_a, struct pipe *from_b)
{
    *end_of(a) = (struct pair_end){.peer = b, .in = from_b, .out = from_a};
    *end_of(b) = (struct pair_end){.peer = a, .in = from_a, .out = from_b};
    from_a->writer = from_b->reader = a->file;
    from_b->writer = from_a->reader = b->file;
}

static struct socket *make_end(void)
{
    struct pair_end *end = pool_alloc(&pool);
    struct socket *socket = end ? socket_make(&pair_ops, end) : 0;

    if (end && !socket)
        pool_free(&pool, end);
    return socket;
}

static long make(int fds[2], int flags)
{
    struct pipe *one = pipe_make(), *other = one ? pipe_make() : 0;
    struct socket *a = other ? make_end() : 0, *b = a ? make_end() : 0;

    if (!b) {
        if (a)
            file_put(a->file);
        if (other)
            pipe_forget(other);
        if (one)
            pipe_forget(one);
        return -ENOMEM;
    }
    join(a, b, one, other);
    long first = socket_install(a, flags), second = first;
    if (first >= 0)
        second = socket_install(b, flags);
    else
        file_put(b->file);
    if (second < 0) {
        if (first >= 0)
            libos_sys_close((int)first);
        return second;
    }
    fds[0] = (int)first;
    fds[1] = (int)second;
    return 0;
}

long libos_sys_socketpair(int domain, int type, int protocol, int fds[2])
{
    int flags = type & ~TYPE_MASK;

    if (flags & ~FLAGS)
        return -EINVAL;
    if (domain != AF_UNIX)
        return domain == AF_INET ? -EOPNOTSUPP : -EAFNOSUPPORT;
    if (protocol && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    if ((type & TYPE_MASK) != SOCK_STREAM)
        return -ESOCKTNOSUPPORT;
    preempt_disable();
    long result = make(fds, flags);
    preempt_enable();
    return result;
}
