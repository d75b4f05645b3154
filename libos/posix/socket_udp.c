/* SPDX-License-Identifier: MIT */
/*
 * socket_udp.c: sockets over UDP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "socket.h"
#include "udp.h"

static struct udp *udp_of(const struct socket *socket)
{
    return socket->object;
}

static void datagram_changed(struct udp *udp)
{
    socket_changed(udp->owner);
}

static long datagram_bind(struct socket *socket, const struct sockaddr *address, socklen_t len)
{
    struct endpoint local;
    long result = inet_endpoint(address, len, &local);

    return result < 0 ? result : udp_bind(udp_of(socket), local, socket_switch(socket, SO_REUSEADDR));
}

/* AF_UNSPEC ends the association with a peer (connect(2)). */
static long datagram_connect(struct socket *socket, const struct sockaddr *address, socklen_t len)
{
    struct endpoint remote = {0};
    long result = len < sizeof address->sa_family   ? -EINVAL
                  : address->sa_family == AF_UNSPEC ? 0
                                                    : inet_peer(address, len, &remote);

    return result < 0 ? result : udp_connect(udp_of(socket), remote);
}

static long datagram_shutdown(struct socket *socket, int how)
{
    socket->ends_reading |= how != SHUT_WR;
    socket->ends_writing |= how != SHUT_RD;
    socket_changed(socket);
    return udp_of(socket)->remote.port ? 0 : -ENOTCONN;
}

static long datagram_name(struct socket *socket, enum socket_end which, struct sockaddr_storage *address)
{
    struct udp *udp = udp_of(socket);

    if (which != OWN_END && !udp->remote.port)
        return -ENOTCONN;
    return inet_name(which == OWN_END ? udp->local : udp->remote, address);
}

static long datagram_send(struct socket *socket, const struct msghdr *message, int flags)
{
    struct endpoint to;

    (void)flags;
    if (message->msg_namelen) {
        long result = inet_peer(message->msg_name, message->msg_namelen, &to);
        if (result < 0)
            return result;
        if (!to.port)
            return -EINVAL;
    }
    if (socket->ends_writing)
        return -EPIPE;
    return udp_send(udp_of(socket), message->msg_iov, message->msg_iovlen, message->msg_namelen ? &to : 0);
}

static long datagram_receive(struct socket *socket, struct msghdr *message, int flags)
{
    struct sockaddr_storage whole = {0};
    struct endpoint from;
    long n = udp_receive(udp_of(socket), message->msg_iov, message->msg_iovlen, &from, flags & MSG_PEEK);

    if (n == -EAGAIN && socket->ends_reading && !(flags & MSG_DONTWAIT)) {
        message->msg_namelen = 0;
        return 0;
    }
    if (n < 0)
        return n;
    size_t size = (size_t)inet_name(from, &whole);
    if (message->msg_name)
        memcpy(message->msg_name, &whole, message->msg_namelen < size ? message->msg_namelen : size);
    message->msg_namelen = message->msg_name ? (socklen_t)size : 0;
    return n;
}

static unsigned datagram_ready(struct socket *socket)
{
    return udp_ready(udp_of(socket)) | (socket->ends_reading ? POLLIN | POLLRDHUP : 0) |
           (socket->ends_reading && socket->ends_writing ? POLLHUP : 0);
}

/* The length of the first datagram (udp(7)). */
static long datagram_unread(struct socket *socket)
{
    const struct packet *first = udp_of(socket)->first;

    return first ? (long)first->len : 0;
}

static int datagram_take_error(struct socket *socket)
{
    return udp_take_error(udp_of(socket));
}

static long datagram_set_option(struct socket *socket, int level, int name, int value)
{
    if (level == SOL_SOCKET && name == SO_BROADCAST)
        udp_of(socket)->broadcast = value;
    return inet_set_option(socket, level, name, value);
}

static void datagram_close(struct socket *socket)
{
    udp_close(udp_of(socket));
}

static const struct socket_ops datagram_ops = {
    .domain = AF_INET,
    .type = SOCK_DGRAM,
    .protocol = IPPROTO_UDP,
    .bind = datagram_bind,
    .connect = datagram_connect,
    .shutdown = datagram_shutdown,
    .name = datagram_name,
    .send = datagram_send,
    .receive = datagram_receive,
    .ready = datagram_ready,
    .unread = datagram_unread,
    .take_error = datagram_take_error,
    .close = datagram_close,
    .set_option = datagram_set_option,
    .get_option = inet_get_option,
    .ioctl = inet_ioctl,
};

struct socket *socket_udp_make(void)
{
    struct udp *udp = udp_open();
    struct socket *socket = udp ? socket_make(&datagram_ops, udp) : 0;

    if (socket) {
        udp->owner = socket;
        udp->changed = datagram_changed;
    } else if (udp) {
        udp_close(udp);
    }
    return socket;
}
