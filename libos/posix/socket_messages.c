/* SPDX-License-Identifier: MIT */
/*
 * socket_messages.c: sending and receiving, whatever kind of socket it is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "services.h"
#include "signals.h"
#include "socket.h"

enum { MAX_VECTORS = UIO_MAXIOV };

/* ---- streams ---------------------------------------------------------------- */

/* All of a buffer, unless waiting is over: how much. After a part of it, an error is left for the next call to find. */
static long write_all(struct socket *socket, const char *buf, size_t len, int flags, uint64_t deadline)
{
    size_t done = 0;

    while (done < len) {
        if (done && socket->ops->ready(socket) & POLLERR)
            break;
        long n = socket->ops->write(socket, buf + done, len - done, flags);
        if (n == -EAGAIN && !(flags & MSG_DONTWAIT))
            n = socket_wait(socket, deadline);
        if (n < 0)
            return done ? (long)done : n;
        done += (size_t)n;
    }
    return (long)done;
}

static long stream_send(struct socket *socket, const struct msghdr *message, int flags)
{
    uint64_t deadline = socket_deadline(socket->send_timeout);
    long total = 0;

    /* Of empty parts at the end, such as fflush() gives, nothing more will come. */
    int parts = (int)message->msg_iovlen;
    while (parts > 1 && !message->msg_iov[parts - 1].iov_len)
        parts--;
    for (int i = 0; i < parts; i++) {
        const struct iovec *part = &message->msg_iov[i];
        /* What is in the later parts may go into the same segment. */
        int more = i + 1 < parts ? MSG_MORE : 0;
        long n = write_all(socket, part->iov_base, part->iov_len, flags | more, deadline);

        if (n == -EPIPE && !total && !(flags & MSG_NOSIGNAL))
            signal_send(current, SIGPIPE);
        if (n < 0)
            return total ? total : n;
        total += n;
        if ((size_t)n < part->iov_len)
            break;
    }
    return total;
}

/* Some of what has come; with MSG_WAITALL as much as fits, unless the stream ends before or something goes wrong. */
static long read_some(struct socket *socket, char *buf, size_t len, int flags, uint64_t deadline)
{
    size_t done = 0;

    while (done < len) {
        if (done && socket->ops->ready(socket) & POLLERR)
            break;
        long n = socket->ops->read(socket, buf + done, len - done, flags);
        if (n == -EAGAIN && !(flags & MSG_DONTWAIT)) {
            n = socket_wait(socket, deadline);
            if (n == 0)
                continue;
        }
        if (n < 0)
            return done ? (long)done : n;
        done += (size_t)n;
        if (n == 0 || !(flags & MSG_WAITALL) || flags & MSG_PEEK)
            break;
    }
    return (long)done;
}

/* What is looked at stays where it is, so with MSG_PEEK the first part that has room is all that is filled. */
static long stream_receive(struct socket *socket, struct msghdr *message, int flags)
{
    uint64_t deadline = socket_deadline(socket->receive_timeout);
    long total = 0;

    for (int i = 0; i < message->msg_iovlen; i++) {
        const struct iovec *part = &message->msg_iov[i];
        /* What has come is given back before there is any waiting for more. */
        int patience = total && !(flags & MSG_WAITALL) ? MSG_DONTWAIT : 0;
        if (patience && !(socket->ops->ready(socket) & POLLIN))
            break;
        long n = read_some(socket, part->iov_base, part->iov_len, flags | patience, deadline);

        if (n < 0)
            return total ? total : n;
        total += n;
        if ((size_t)n < part->iov_len || flags & MSG_PEEK)
            break;
    }
    message->msg_namelen = 0; /* a stream has one peer, who is known */
    return total;
}

/* ---- datagrams -------------------------------------------------------------- */

static long datagram_send(struct socket *socket, const struct msghdr *message, int flags)
{
    uint64_t deadline = socket_deadline(socket->send_timeout);

    for (;;) {
        long result = socket->ops->send(socket, message, flags);
        if (result != -EAGAIN || flags & MSG_DONTWAIT)
            return result;
        result = socket_wait(socket, deadline);
        if (result < 0)
            return result;
    }
}

static long datagram_receive(struct socket *socket, struct msghdr *message, int flags)
{
    uint64_t deadline = socket_deadline(socket->receive_timeout);
    size_t room = 0;

    for (int i = 0; i < message->msg_iovlen; i++)
        room += message->msg_iov[i].iov_len;
    for (;;) {
        long result = socket->ops->receive(socket, message, flags);
        if (result >= 0 && (size_t)result > room) {
            message->msg_flags |= MSG_TRUNC;
            return flags & MSG_TRUNC ? result : (long)room;
        }
        if (result != -EAGAIN || flags & MSG_DONTWAIT)
            return result;
        result = socket_wait(socket, deadline);
        if (result < 0)
            return result;
    }
}

/* ---- both ------------------------------------------------------------------- */

/* There are no descriptors to pass to anybody, nor packets with options: what a control message asks for cannot be. */
long socket_send(struct socket *socket, const struct msghdr *message, int flags)
{
    if (message->msg_controllen)
        return -EINVAL;
    if (flags & MSG_OOB)
        return -EOPNOTSUPP;
    return socket->ops->write ? stream_send(socket, message, flags) : datagram_send(socket, message, flags);
}

long socket_receive(struct socket *socket, struct msghdr *message, int flags)
{
    message->msg_controllen = 0;
    message->msg_flags = 0;
    if (flags & MSG_OOB)
        return socket->ops->read ? -EINVAL : -EOPNOTSUPP;
    if (flags & MSG_ERRQUEUE)
        return -EAGAIN; /* there is no such queue */
    return socket->ops->read ? stream_receive(socket, message, flags) : datagram_receive(socket, message, flags);
}

static int with_file_flags(const struct socket *socket, int flags)
{
    return socket->file->flags & O_NONBLOCK ? flags | MSG_DONTWAIT : flags;
}

static bool too_many_vectors(const struct msghdr *message)
{
    return message->msg_iovlen < 0 || message->msg_iovlen > MAX_VECTORS;
}

long libos_sys_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t to_len)
{
    struct iovec vec = {(void *)(uintptr_t)buf, len};
    struct msghdr message = {
        .msg_name = (void *)(uintptr_t)to, .msg_namelen = to ? to_len : 0, .msg_iov = &vec, .msg_iovlen = 1};
    long error;
    struct socket *socket = socket_begin(fd, &error);

    return socket ? socket_end(socket, socket_send(socket, &message, with_file_flags(socket, flags))) : error;
}

long libos_sys_sendmsg(int fd, const struct msghdr *message, int flags)
{
    long error;
    struct socket *socket = socket_begin(fd, &error);

    if (!socket)
        return error;
    if (too_many_vectors(message))
        return socket_end(socket, -EMSGSIZE);
    return socket_end(socket, socket_send(socket, message, with_file_flags(socket, flags)));
}

long libos_sys_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *from_len)
{
    struct iovec vec = {buf, len};
    struct msghdr message = {
        .msg_name = from, .msg_namelen = from ? *from_len : 0, .msg_iov = &vec, .msg_iovlen = 1};
    long error;
    struct socket *socket = socket_begin(fd, &error);

    if (!socket)
        return error;
    if ((int)message.msg_namelen < 0)
        return socket_end(socket, -EINVAL);
    long n = socket_receive(socket, &message, with_file_flags(socket, flags));
    if (from && n >= 0)
        *from_len = message.msg_namelen;
    return socket_end(socket, n);
}

long libos_sys_recvmsg(int fd, struct msghdr *message, int flags)
{
    long error;
    struct socket *socket = socket_begin(fd, &error);

    if (!socket)
        return error;
    if (too_many_vectors(message))
        return socket_end(socket, -EMSGSIZE);
    return socket_end(socket, socket_receive(socket, message, with_file_flags(socket, flags)));
}
