/* SPDX-License-Identifier: MIT */
/*
 * socket_options.c: setsockopt(2), getsockopt(2), and ioctl(2) for sockets.
 *
 * Options of SOL_SOCKET are here; a kind is told of those that concern it, and has
 * its own for other levels. What nobody knows fails with ENOPROTOOPT.
 * Source: socket(7), man-pages.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "services.h"
#include "socket.h"

/* Linux doubles what is asked for, for its own bookkeeping, and says so when asked. */
enum { LEAST_RECEIVE = 2304, LEAST_SEND = 4608, MOST_SIZE = 425984 };
enum { SECOND_NS = 1000000000, MICROSECOND_NS = 1000 };

/* On or off. Some change nothing here: there is one network, one program, and no urgent data. */
static const uint32_t switches = 1u << SO_REUSEADDR | 1u << SO_REUSEPORT | 1u << SO_KEEPALIVE | 1u << SO_BROADCAST |
                                 1u << SO_OOBINLINE | 1u << SO_DONTROUTE;

static bool is_switch(int level, int name)
{
    return level == SOL_SOCKET && name >= 0 && name < 32 && switches >> name & 1;
}

static long tell_kind(struct socket *socket, int level, int name, int value)
{
    return socket->ops->set_option ? socket->ops->set_option(socket, level, name, value) : 0;
}

static long set_timeout(uint64_t *timeout, const struct timeval *value)
{
    if (value->tv_usec < 0 || value->tv_usec >= 1000000)
        return -EDOM;
    /* A negative one does not wait; the shortest wait is the nearest to that. */
    *timeout =
        value->tv_sec < 0 ? 1 : (uint64_t)value->tv_sec * SECOND_NS + (uint64_t)value->tv_usec * MICROSECOND_NS;
    return 0;
}

static long set_size(struct socket *socket, int name, int value)
{
    int least = name == SO_RCVBUF ? LEAST_RECEIVE : LEAST_SEND;
    int size = value > MOST_SIZE / 2 || value < 0 ? MOST_SIZE : 2 * value < least ? least : 2 * value;

    *(name == SO_RCVBUF ? &socket->receive_size : &socket->send_size) = size;
    return tell_kind(socket, SOL_SOCKET, name, size / 2);
}

static long set_option(struct socket *socket, int level, int name, const void *value, socklen_t len)
{
    int number;

    if (len < sizeof number)
        return -EINVAL;
    memcpy(&number, value, sizeof number);
    if (level != SOL_SOCKET)
        return socket->ops->set_option ? socket->ops->set_option(socket, level, name, number) : -EOPNOTSUPP;
    if (is_switch(level, name)) {
        socket->switches = (socket->switches & ~(1u << name)) | (uint32_t)(number != 0) << name;
        return tell_kind(socket, level, name, number != 0);
    }
    switch (name) {
    case SO_RCVBUF:
    case SO_SNDBUF:
        return set_size(socket, name, number);
    case SO_LINGER:
        if (len < sizeof socket->linger)
            return -EINVAL;
        memcpy(&socket->linger, value, sizeof socket->linger);
        return 0;
    case SO_RCVTIMEO:
    case SO_SNDTIMEO:
        if (len < sizeof(struct timeval))
            return -EINVAL;
        return set_timeout(name == SO_RCVTIMEO ? &socket->receive_timeout : &socket->send_timeout, value);
    }
    return -ENOPROTOOPT;
}

long libos_sys_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    long error;
    struct socket *socket = socket_begin(fd, &error);

    return socket ? socket_end(socket, set_option(socket, level, name, value, len)) : error;
}

static long get_number(struct socket *socket, int level, int name, int *value)
{
    *value = 0;
    if (level != SOL_SOCKET)
        return socket->ops->get_option ? socket->ops->get_option(socket, level, name, value) : -EOPNOTSUPP;
    if (is_switch(level, name)) {
        *value = socket_switch(socket, name);
        return 0;
    }
    switch (name) {
    case SO_TYPE:
        *value = socket->ops->type;
        return 0;
    case SO_DOMAIN:
        *value = socket->ops->domain;
        return 0;
    case SO_PROTOCOL:
        *value = socket->ops->protocol;
        return 0;
    case SO_ERROR:
        *value = -socket->ops->take_error(socket);
        return 0;
    case SO_RCVBUF:
        *value = socket->receive_size;
        return 0;
    case SO_SNDBUF:
        *value = socket->send_size;
        return 0;
    case SO_RCVLOWAT:
    case SO_SNDLOWAT:
        *value = 1;
        return 0;
    case SO_ACCEPTCONN:
        if (socket->ops->listen)
            return socket->ops->get_option(socket, level, name, value);
        return 0;
    }
    return -ENOPROTOOPT;
}

static struct timeval timeval_of(uint64_t timeout)
{
    return (struct timeval){(time_t)(timeout / SECOND_NS), (suseconds_t)(timeout % SECOND_NS / MICROSECOND_NS)};
}

static long get_option(struct socket *socket, int level, int name, void *value, socklen_t *len)
{
    union {
        int number;
        struct linger linger;
        struct timeval time;
    } found;
    size_t size = sizeof found.number;
    long result = 0;

    if ((int)*len < 0)
        return -EINVAL;
    if (level == SOL_SOCKET && name == SO_LINGER) {
        found.linger = socket->linger;
        size = sizeof found.linger;
    } else if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
        found.time = timeval_of(name == SO_RCVTIMEO ? socket->receive_timeout : socket->send_timeout);
        size = sizeof found.time;
    } else {
        result = get_number(socket, level, name, &found.number);
    }
    if (result < 0)
        return result;
    if (*len > size)
        *len = (socklen_t)size;
    memcpy(value, &found, *len);
    return 0;
}

long libos_sys_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    long error;
    struct socket *socket = socket_begin(fd, &error);

    return socket ? socket_end(socket, get_option(socket, level, name, value, len)) : error;
}

long socket_ioctl(struct file *file, unsigned long request, void *argument)
{
    struct socket *socket = file->object;

    switch (request) {
    case FIONREAD: {
        long unread = socket->ops->unread(socket);
        if (unread < 0)
            return unread;
        *(int *)argument = (int)unread;
        return 0;
    }
    case FIONBIO:
        file->flags = (file->flags & ~O_NONBLOCK) | (*(int *)argument ? O_NONBLOCK : 0);
        return 0;
    }
    return socket->ops->ioctl ? socket->ops->ioctl(socket, request, argument) : -ENOTTY;
}
