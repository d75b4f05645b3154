/* SPDX-License-Identifier: MIT */
/*
 * socket_tcp.c: sockets over TCP streams.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "clock.h"
#include "machine.h"
#include "net.h"
#include "socket.h"
#include "tcp.h"

static struct tcp *tcp_of(const struct socket *socket)
{
    return socket->object;
}

static void stream_changed(void *owner)
{
    socket_changed(owner);
}

/* A socket for a stream, which is given up if there is no memory for one. */
static struct socket *make(struct tcp *tcp, const struct socket_ops *ops)
{
    struct socket *socket = tcp ? socket_make(ops, tcp) : 0;

    if (socket)
        tcp_watch(tcp, stream_changed, socket);
    else if (tcp)
        tcp_abort(tcp);
    return socket;
}

static long stream_bind(struct socket *socket, const struct sockaddr *address, socklen_t len)
{
    struct endpoint local;
    long result = inet_endpoint(address, len, &local);

    return result < 0 ? result : tcp_bind(tcp_of(socket), local);
}

static long stream_listen(struct socket *socket, int backlog)
{
    /* Linux reads a negative backlog as a large one. */
    return tcp_listen(tcp_of(socket), backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : backlog);
}

/* A connection inherits what was chosen for its listener. */
static struct socket *stream_accept(struct socket *listener, int *error)
{
    struct tcp *tcp = tcp_accept(tcp_of(listener), error);
    struct socket *socket = make(tcp, listener->ops);

    if (!socket) {
        if (tcp)
            *error = -ENOBUFS;
        return 0;
    }
    socket->switches = listener->switches;
    socket->linger = listener->linger;
    socket->receive_timeout = listener->receive_timeout;
    socket->send_timeout = listener->send_timeout;
    socket->receive_size = listener->receive_size;
    socket->send_size = listener->send_size;
    return socket;
}

static long stream_connect(struct socket *socket, const struct sockaddr *address, socklen_t len)
{
    struct endpoint remote;
    long result = inet_peer(address, len, &remote);

    if (result < 0)
        return result;
    if (tcp_is_listening(tcp_of(socket)))
        return -EISCONN;
    result = tcp_connect(tcp_of(socket), remote);
    return result < 0 ? result : -EINPROGRESS;
}

static long stream_connected(struct socket *socket)
{
    if (tcp_is_connecting(tcp_of(socket)))
        return -EINPROGRESS;
    int error = tcp_take_error(tcp_of(socket));
    return error ? error : tcp_is_connected(tcp_of(socket)) ? 0 : -ECONNABORTED;
}

/* A listener that is shut down is as it was before listen(), and whoever waits in accept() is told. */
static long end_listening(struct socket *socket)
{
    struct tcp *listener = tcp_of(socket), *bound = tcp_open();
    struct tcp_options options = tcp_options(listener);
    struct endpoint local = tcp_local(listener);

    if (!bound)
        return -ENOBUFS;
    tcp_watch(listener, 0, 0);
    tcp_close(listener);
    tcp_bind(bound, local);
    tcp_set_options(bound, &options);
    tcp_watch(bound, stream_changed, socket);
    socket->object = bound;
    socket_changed(socket);
    return 0;
}

static long stream_shutdown(struct socket *socket, int how)
{
    if (tcp_is_listening(tcp_of(socket)))
        return how == SHUT_WR ? 0 : end_listening(socket);
    return tcp_shutdown(tcp_of(socket), how != SHUT_WR, how != SHUT_RD);
}

static long stream_name(struct socket *socket, enum socket_end which, struct sockaddr_storage *address)
{
    struct tcp *tcp = tcp_of(socket);

    if (which == OWN_END)
        return inet_name(tcp_local(tcp), address);
    if (which == PEER_END && !tcp_is_connected(tcp))
        return -ENOTCONN;
    return inet_name(tcp_remote(tcp), address);
}

/* What was never connected has ended as far as a writer can tell (tcp(7)). */
static long stream_write(struct socket *socket, const void *buf, size_t len, int flags)
{
    long n = tcp_send(tcp_of(socket), buf, len, flags & MSG_MORE);

    return n == -ENOTCONN ? -EPIPE : n;
}

static long stream_read(struct socket *socket, void *buf, size_t len, int flags)
{
    return tcp_receive(tcp_of(socket), buf, len, flags & MSG_PEEK);
}

static unsigned stream_ready(struct socket *socket)
{
    struct tcp *tcp = tcp_of(socket);
    bool ever_connected = tcp_remote(tcp).port || socket->connecting;

    /* A stream that never was has no end to read. */
    return ever_connected || tcp_is_listening(tcp) ? tcp_ready(tcp)
                                                   : tcp_ready(tcp) & ~(unsigned)(POLLIN | POLLRDHUP);
}

static long stream_unread(struct socket *socket)
{
    return tcp_is_listening(tcp_of(socket)) ? -EINVAL : (long)tcp_unread(tcp_of(socket));
}

static int stream_take_error(struct socket *socket)
{
    return tcp_take_error(tcp_of(socket));
}

/* SO_LINGER: with 0 seconds, the connection is reset; with more, close() waits until the peer has everything. */
static void stream_close(struct socket *socket)
{
    struct tcp *tcp = tcp_of(socket);

    if (socket->linger.l_onoff && socket->linger.l_linger == 0) {
        tcp_abort(tcp);
        return;
    }
    if (socket->linger.l_onoff && !(socket->file->flags & O_NONBLOCK) && tcp_shutdown(tcp, false, true) == 0) {
        uint64_t deadline = clock_monotonic() + (uint64_t)socket->linger.l_linger * 1000000000;

        while (tcp_unsent(tcp) && socket_wait(socket, deadline) == 0)
            ;
    }
    tcp_watch(tcp, 0, 0);
    tcp_close(tcp);
}

/* ---- the end of the program --------------------------------------------------- */

enum { PATIENCE_NS = 2000000000, STEP_NS = 5000000 };

static void (*other_endings)(void);

/* On Linux a program's end closes its sockets, and the system goes on to deliver what it had sent. Here nothing goes on,
 * so that comes before the end; but a peer that is gone must not keep the machine. */
static void deliver_everything(void)
{
    uint64_t deadline = clock_monotonic() + PATIENCE_NS;

    current->blocked = ~0ull; /* no handler runs any more */
    socket_close_all();
    while (!tcp_all_delivered() && clock_monotonic() < deadline)
        wait_on(0, clock_monotonic() + STEP_NS);
    if (other_endings)
        other_endings();
}

/* ---- options: tcp(7) ---------------------------------------------------------- */

enum { MOST_SECONDS = 32767, MOST_PROBES = 127, LEAST_SIZE = 2048 };

/* A number of seconds or of tries for the keep-alive. */
static long choose(uint32_t *chosen, int value, int most)
{
    if (value < 1 || value > most)
        return -EINVAL;
    *chosen = (uint32_t)value;
    return 0;
}

static long change(struct tcp_options *options, int name, int value)
{
    switch (name) {
    case TCP_NODELAY:
        options->nodelay = value;
        return 0;
    case TCP_KEEPIDLE:
        return choose(&options->keep_idle, value, MOST_SECONDS);
    case TCP_KEEPINTVL:
        return choose(&options->keep_interval, value, MOST_SECONDS);
    case TCP_KEEPCNT:
        return choose(&options->keep_count, value, MOST_PROBES);
    case TCP_USER_TIMEOUT:
        options->user_timeout = (uint32_t)value;
        return value < 0 ? -EINVAL : 0;
    }
    return -ENOPROTOOPT;
}

static long stream_set_option(struct socket *socket, int level, int name, int value)
{
    struct tcp_options options = tcp_options(tcp_of(socket));
    long result = 0;

    if (level == IPPROTO_TCP)
        result = change(&options, name, value);
    else if (level == SOL_SOCKET && name == SO_KEEPALIVE)
        options.keepalive = value;
    else if (level == SOL_SOCKET && name == SO_RCVBUF)
        options.receive_size = (uint32_t)value;
    else if (level == SOL_SOCKET && name == SO_SNDBUF)
        options.send_size = (uint32_t)value;
    else
        return inet_set_option(socket, level, name, value);
    if (result == 0)
        tcp_set_options(tcp_of(socket), &options);
    return result;
}

static long stream_get_option(struct socket *socket, int level, int name, int *value)
{
    struct tcp_options options = tcp_options(tcp_of(socket));

    if (level == SOL_SOCKET && name == SO_ACCEPTCONN) {
        *value = tcp_is_listening(tcp_of(socket));
        return 0;
    }
    if (level != IPPROTO_TCP)
        return inet_get_option(socket, level, name, value);
    switch (name) {
    case TCP_NODELAY:
        *value = options.nodelay;
        return 0;
    case TCP_KEEPIDLE:
        *value = (int)options.keep_idle;
        return 0;
    case TCP_KEEPINTVL:
        *value = (int)options.keep_interval;
        return 0;
    case TCP_KEEPCNT:
        *value = (int)options.keep_count;
        return 0;
    case TCP_USER_TIMEOUT:
        *value = (int)options.user_timeout;
        return 0;
    case TCP_MAXSEG:
        *value = (int)tcp_segment_size(tcp_of(socket));
        return 0;
    }
    return -ENOPROTOOPT;
}

static const struct socket_ops stream_ops = {
    .domain = AF_INET,
    .type = SOCK_STREAM,
    .protocol = IPPROTO_TCP,
    .bind = stream_bind,
    .listen = stream_listen,
    .accept = stream_accept,
    .connect = stream_connect,
    .connected = stream_connected,
    .shutdown = stream_shutdown,
    .name = stream_name,
    .write = stream_write,
    .read = stream_read,
    .ready = stream_ready,
    .unread = stream_unread,
    .take_error = stream_take_error,
    .close = stream_close,
    .set_option = stream_set_option,
    .get_option = stream_get_option,
    .ioctl = inet_ioctl,
};

struct socket *socket_tcp_make(void)
{
    static bool ending_set;

    if (!ending_set) {
        ending_set = true;
        other_endings = before_end;
        before_end = deliver_everything;
    }
    return make(tcp_open(), &stream_ops);
}
