/* SPDX-License-Identifier: MIT */
/*
 * socket.c: sockets as files, and the calls that make and connect them.
 */
#define _GNU_SOURCE
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "clock.h"
#include "net.h"
#include "pool.h"
#include "services.h"

enum { MAX_SOCKETS = DESCRIPTORS };
enum { TYPE_MASK = 15, FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC };
/* What Linux starts with; see socket_options.c. */
enum { DEFAULT_RECEIVE = 131072, DEFAULT_SEND = 87040, DEFAULT_TTL = 64 };

static struct pool pool = POOL(struct socket, MAX_SOCKETS);

/* ---- a socket as a file ----------------------------------------------------- */

static int file_message_flags(const struct file *file)
{
    return file->flags & O_NONBLOCK ? MSG_DONTWAIT : 0;
}

static long file_receive_parts(struct file *file, const struct iovec *vec, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)vec, .msg_iovlen = count};

    return socket_receive(file->object, &message, file_message_flags(file));
}

static long file_send_parts(struct file *file, const struct iovec *vec, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)vec, .msg_iovlen = count};

    return socket_send(file->object, &message, file_message_flags(file));
}

static long file_receive(struct file *file, void *buf, size_t len)
{
    return file_receive_parts(file, &(struct iovec){buf, len}, 1);
}

static long file_send(struct file *file, const void *buf, size_t len)
{
    return file_send_parts(file, &(struct iovec){(void *)(uintptr_t)buf, len}, 1);
}

static unsigned file_readiness(struct file *file)
{
    struct socket *socket = file->object;

    return socket->ops->ready(socket);
}

static long file_status(struct file *file, struct stat *st)
{
    (void)file;
    st->st_mode = S_IFSOCK | 0777;
    st->st_nlink = 1;
    st->st_blksize = 4096;
    return 0;
}

static void file_release(struct file *file)
{
    struct socket *socket = file->object;

    socket->ops->close(socket);
    pool_free(&pool, socket);
}

static const struct file_ops socket_file_ops = {
    .read = file_receive,
    .write = file_send,
    .readv = file_receive_parts,
    .writev = file_send_parts,
    .ready = file_readiness,
    .stat = file_status,
    .ioctl = socket_ioctl,
    .release = file_release,
};

struct socket *socket_make(const struct socket_ops *ops, void *object)
{
    struct socket *socket = pool_alloc(&pool);
    struct file *file = socket ? file_make(&socket_file_ops, socket, O_RDWR) : 0;

    if (!file) {
        if (socket)
            pool_free(&pool, socket);
        return 0;
    }
    *socket = (struct socket){
        .ops = ops,
        .file = file,
        .object = object,
        .receive_size = DEFAULT_RECEIVE,
        .send_size = DEFAULT_SEND,
        .ttl = DEFAULT_TTL,
    };
    return socket;
}

long socket_install(struct socket *socket, int flags)
{
    if (flags & SOCK_NONBLOCK)
        socket->file->flags |= O_NONBLOCK;
    long fd = file_install(socket->file, 0);
    if (fd < 0)
        file_put(socket->file);
    else if (flags & SOCK_CLOEXEC)
        file_close_on_exec((int)fd);
    return fd;
}

void socket_changed(struct socket *socket)
{
    wake_all(&socket->waiters);
    file_changed(socket->file);
}

struct socket *socket_begin(int fd, long *error)
{
    preempt_disable();
    struct file *file = file_get(fd);
    if (file && file->ops == &socket_file_ops)
        return file->object;
    *error = file ? -ENOTSOCK : -EBADF;
    if (file)
        file_put(file);
    preempt_enable();
    return 0;
}

long socket_end(struct socket *socket, long result)
{
    file_put(socket->file);
    preempt_enable();
    return result;
}

void socket_close_all(void)
{
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        long error;
        struct socket *socket = socket_begin(fd, &error);

        if (socket) {
            socket_end(socket, 0);
            libos_sys_close(fd);
        }
    }
}

uint64_t socket_deadline(uint64_t timeout)
{
    return timeout ? clock_monotonic() + timeout : FOREVER;
}

/* A call with a timeout does not begin again after a signal (signal(7)): the time it has already waited would not count. */
int socket_wait(struct socket *socket, uint64_t deadline)
{
    int result =
        deadline == FOREVER ? wait_restartable(&socket->waiters, FOREVER) : wait_on(&socket->waiters, deadline);
    return result == -ETIMEDOUT ? -EAGAIN : result;
}

/* ---- making and connecting -------------------------------------------------- */

/* TCP and UDP over IPv4; the socket(2) of Linux finds the same errors in the same order. */
long libos_sys_socket(int domain, int type, int protocol)
{
    int flags = type & ~TYPE_MASK;

    type &= TYPE_MASK;
    if (flags & ~FLAGS)
        return -EINVAL;
    if (domain != AF_INET)
        return -EAFNOSUPPORT;
    if (type != SOCK_STREAM && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (protocol < 0 || protocol >= IPPROTO_MAX)
        return -EINVAL;
    if (protocol && protocol != (type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP))
        return -EPROTONOSUPPORT;
    net_init();
    preempt_disable();
    struct socket *socket = type == SOCK_STREAM ? socket_tcp_make() : socket_udp_make();
    long fd = socket ? socket_install(socket, flags) : -ENOBUFS;
    preempt_enable();
    return fd;
}

long libos_sys_bind(int fd, const struct sockaddr *address, socklen_t len)
{
    long error;
    struct socket *socket = socket_begin(fd, &error);

    if (!socket)
        return error;
    return socket_end(socket, socket->ops->bind ? socket->ops->bind(socket, address, len) : -EOPNOTSUPP);
}

long libos_sys_listen(int fd, int backlog)
{
    long error;
    struct socket *socket = socket_begin(fd, &error);

    if (!socket)
        return error;
    return socket_end(socket, socket->ops->listen ? socket->ops->listen(socket, backlog) : -EOPNOTSUPP);
}

static bool may_wait(const struct socket *socket)
{
    return !(socket->file->flags & O_NONBLOCK);
}

/* Waits for the end of an attempt to connect. The first to learn it has it; until then, the attempt goes on. */
static long finish_connecting(struct socket *socket)
{
    uint64_t deadline = socket_deadline(socket->send_timeout);
    long result;

    while ((result = socket->ops->connected(socket)) == -EINPROGRESS && may_wait(socket)) {
        int waited = socket_wait(socket, deadline);
        if (waited < 0)
            return waited == -EAGAIN ? -EINPROGRESS : waited;
    }
    socket->connecting = result == -EINPROGRESS;
    return result;
}

long libos_sys_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    long result;
    struct socket *socket = socket_begin(fd, &result);

    if (!socket)
        return result;
    if (socket->connecting) {
        result = finish_connecting(socket);
        return socket_end(socket, result == -EINPROGRESS ? -EALREADY : result);
    }
    result = socket->ops->connect ? socket->ops->connect(socket, address, len) : -EOPNOTSUPP;
    if (result == -EINPROGRESS) {
        socket->connecting = true;
        result = finish_connecting(socket);
    }
    return socket_end(socket, result);
}

/* Gives an address to the caller, who has said how much of it fits, and learns how long it is. */
static long give_address(struct socket *socket, enum socket_end which, struct sockaddr *address, socklen_t *len)
{
    struct sockaddr_storage whole = {0};

    if ((int)*len < 0)
        return -EINVAL;
    long size = socket->ops->name(socket, which, &whole);
    if (size < 0)
        return size;
    memcpy(address, &whole, *len < (size_t)size ? *len : (size_t)size);
    *len = (socklen_t)size;
    return 0;
}

static struct socket *accept_one(struct socket *listener, long *error)
{
    uint64_t deadline = socket_deadline(listener->receive_timeout);
    struct socket *accepted;
    int result = -EOPNOTSUPP;

    while (listener->ops->accept) {
        accepted = listener->ops->accept(listener, &result);
        if (accepted)
            return accepted;
        if (result != -EAGAIN || !may_wait(listener))
            break;
        result = socket_wait(listener, deadline);
        if (result < 0)
            break;
    }
    *error = result;
    return 0;
}

long libos_sys_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    long result;

    if (flags & ~FLAGS)
        return -EINVAL;
    struct socket *listener = socket_begin(fd, &result);
    if (!listener)
        return result;
    struct socket *accepted = accept_one(listener, &result);
    if (!accepted)
        return socket_end(listener, result);
    if (address) {
        result = give_address(accepted, LAST_PEER_END, address, len);
        if (result < 0) {
            file_put(accepted->file);
            return socket_end(listener, result);
        }
    }
    return socket_end(listener, socket_install(accepted, flags));
}

long libos_sys_accept(int fd, struct sockaddr *address, socklen_t *len)
{
    return libos_sys_accept4(fd, address, len, 0);
}

long libos_sys_shutdown(int fd, int how)
{
    long error;
    struct socket *socket = socket_begin(fd, &error);

    if (!socket)
        return error;
    if (how < SHUT_RD || how > SHUT_RDWR)
        return socket_end(socket, -EINVAL);
    return socket_end(socket, socket->ops->shutdown(socket, how));
}

static long name_of(int fd, enum socket_end which, struct sockaddr *address, socklen_t *len)
{
    long error;
    struct socket *socket = socket_begin(fd, &error);

    return socket ? socket_end(socket, give_address(socket, which, address, len)) : error;
}

long libos_sys_getsockname(int fd, struct sockaddr *address, socklen_t *len)
{
    return name_of(fd, OWN_END, address, len);
}

long libos_sys_getpeername(int fd, struct sockaddr *address, socklen_t *len)
{
    return name_of(fd, PEER_END, address, len);
}
