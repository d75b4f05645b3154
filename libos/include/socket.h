/* SPDX-License-Identifier: MIT */
/*
 * socket.h: what sockets of all kinds have in common, and what a kind adds.
 *
 * A kind's operations never wait: they fail with -EAGAIN, and say socket_changed()
 * when it is worth trying again. The waiting, with its timeouts and signals, is in
 * socket.c and socket_messages.c, once for all kinds. Everything here is called with
 * preemption disabled; results are as in files.h.
 */
#ifndef LIBOS_SOCKET_H
#define LIBOS_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "files.h"
#include "thread.h"

/* Whose address: this end's, the peer's, or the peer's even if the connection is over. */
enum socket_end { OWN_END, PEER_END, LAST_PEER_END };

struct socket {
    const struct socket_ops *ops;
    struct file *file;
    void *object; /* what the kind has: a struct tcp, for instance */
    struct wait_queue waiters;
    uint32_t switches;                      /* options that are on or off: bit n for number n of SOL_SOCKET */
    uint64_t receive_timeout, send_timeout; /* nanoseconds; 0 for none */
    struct linger linger;
    bool connecting;                 /* since a connect() whose end nobody has learned yet */
    bool ends_reading, ends_writing; /* shutdown(), for kinds that have nothing else that knows */
    int receive_size, send_size;     /* as SO_RCVBUF and SO_SNDBUF say it */
    uint8_t ttl, tos;
};

/* Missing operations fail with -EOPNOTSUPP. Flags are the caller's MSG_ flags, with MSG_DONTWAIT for O_NONBLOCK. */
struct socket_ops {
    int domain, type, protocol;

    long (*bind)(struct socket *socket, const struct sockaddr *address, socklen_t len);
    long (*listen)(struct socket *socket, int backlog);
    /* A new socket, without a descriptor, or null and why. */
    struct socket *(*accept)(struct socket *socket, int *error);
    /* Begins to connect: 0 if that is all, -EINPROGRESS if `connected` will say how it ended: 0, or why it failed. */
    long (*connect)(struct socket *socket, const struct sockaddr *address, socklen_t len);
    long (*connected)(struct socket *socket);
    long (*shutdown)(struct socket *socket, int how);
    /* Fills in the address of an end: its length. */
    long (*name)(struct socket *socket, enum socket_end which, struct sockaddr_storage *address);

    /* Streams: bytes taken over, or given; 0 is the end of the stream. */
    long (*write)(struct socket *socket, const void *buf, size_t len, int flags);
    long (*read)(struct socket *socket, void *buf, size_t len, int flags);

    /* Datagrams: one of them, of which `receive` returns the whole length, whatever fits. */
    long (*send)(struct socket *socket, const struct msghdr *message, int flags);
    long (*receive)(struct socket *socket, struct msghdr *message, int flags);

    unsigned (*ready)(struct socket *socket); /* as in struct file_ops */
    long (*unread)(struct socket *socket);    /* what FIONREAD says */
    int (*take_error)(struct socket *socket); /* the error that waits, and waits no more */
    void (*close)(struct socket *socket);

    /* Options of the kind's own levels, as numbers, and what a kind must be told of the others: -ENOPROTOOPT for what it
     * does not know. */
    long (*set_option)(struct socket *socket, int level, int name, int value);
    long (*get_option)(struct socket *socket, int level, int name, int *value);
    long (*ioctl)(struct socket *socket, unsigned long request, void *argument);
};

/* A socket with a file and no descriptor; null if memory is out. */
struct socket *socket_make(const struct socket_ops *ops, void *object);

/* Gives it a descriptor, with the SOCK_ flags of socket(2). If that fails, it is closed. */
long socket_install(struct socket *socket, int flags);

/* Wakes whoever waits for the socket, and whoever polls it. */
void socket_changed(struct socket *socket);

/* The socket of a descriptor, with preemption disabled until socket_end(). Null if there is none, with preemption
 * enabled and *error -EBADF or -ENOTSOCK. */
struct socket *socket_begin(int fd, long *error);
long socket_end(struct socket *socket, long result);

/* Waits for a change: 0; -EAGAIN at the deadline; -EINTR. */
int socket_wait(struct socket *socket, uint64_t deadline);

/* The deadline of a call that may take so long; 0 is for ever. */
uint64_t socket_deadline(uint64_t timeout);

/* Sends or receives as sendmsg(2) and recvmsg(2) do. */
long socket_send(struct socket *socket, const struct msghdr *message, int flags);
long socket_receive(struct socket *socket, struct msghdr *message, int flags);

/* Closes the descriptors of all sockets. */
void socket_close_all(void);

/* What ioctl(2) does about any socket. */
long socket_ioctl(struct file *file, unsigned long request, void *argument);

static inline bool socket_switch(const struct socket *socket, int name)
{
    return socket->switches >> name & 1;
}

/* The kinds that socket() makes. Null if there are too many. */
struct socket *socket_tcp_make(void);
struct socket *socket_udp_make(void);

/* ---- what TCP and UDP share: socket_inet.c ---------------------------------- */

struct endpoint;

/* An address as a program gives it. -EINVAL or -EAFNOSUPPORT if it is none. Waits until this machine has an address, if
 * that one is not its own: -EINTR. */
long inet_endpoint(const struct sockaddr *address, socklen_t len, struct endpoint *endpoint);

/* The same for a peer's: no address in particular is this machine. */
long inet_peer(const struct sockaddr *address, socklen_t len, struct endpoint *endpoint);

/* The other way; the length. */
long inet_name(struct endpoint endpoint, struct sockaddr_storage *address);

/* Options of IPPROTO_IP, and ioctls about the network. */
long inet_set_option(struct socket *socket, int level, int name, int value);
long inet_get_option(struct socket *socket, int level, int name, int *value);
long inet_ioctl(struct socket *socket, unsigned long request, void *argument);

#endif
