/* SPDX-License-Identifier: MIT */
/*
 * udp.h: datagrams (RFC 768).
 *
 * Does not wait; see net.h for byte order, errors and what may be called when.
 */
#ifndef LIBOS_UDP_H
#define LIBOS_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "net.h"
#include "packet.h"

/* No datagram may be longer: one frame, since nothing is sent in fragments. */
enum { UDP_LONGEST = 1472 };

struct udp {
    /* For its user, who may be told that its readiness may have changed. */
    void (*changed)(struct udp *udp);
    void *owner;
    bool broadcast; /* may send to broadcast addresses */

    /* To be read only. */
    struct endpoint local, remote; /* local.port is 0 until bound, remote.port until connected */
    int error;                     /* negative errno that an ICMP message brought; 0 for none */
    struct packet *first, *last;   /* datagrams that came, the oldest first */
    unsigned queued;
    bool shared;
    struct udp *next;
};

/* A socket that is bound to nothing yet; null if there are too many. */
struct udp *udp_open(void);

/* Gives it back, with what it holds. */
void udp_close(struct udp *udp);

/* Takes an address of this machine (or 0 for all) and a port (or 0 for a free one): -EADDRINUSE, -EADDRNOTAVAIL,
 * -EINVAL if it has one. `shared` (SO_REUSEADDR) allows others on the same port that say the same. */
int udp_bind(struct udp *udp, struct endpoint local, bool shared);

/* From now on only to and from that peer; with port 0, anybody again. Binds if need be. */
int udp_connect(struct udp *udp, struct endpoint remote);

/* Sends one datagram, to the peer if `to` is null. Binds if need be. Its length, or -EDESTADDRREQ, -EMSGSIZE,
 * -ENETUNREACH, -EACCES (broadcast), -ENOBUFS, or the error that waited. */
long udp_send(struct udp *udp, const struct iovec *vec, int count, const struct endpoint *to);

/* Takes the oldest datagram, or with `peek` looks at it: its whole length, of which as much as fits was stored;
 * -EAGAIN if there is none; or the error that waited. `from` may be null. */
long udp_receive(struct udp *udp, const struct iovec *vec, int count, struct endpoint *from, bool peek);

/* The error that waited, and waits no more. */
int udp_take_error(struct udp *udp);

/* POLLIN, POLLOUT, POLLERR: what is so now. */
unsigned udp_ready(const struct udp *udp);

/* Has ipv4.c hand over what comes for it. Called by net_init(). */
void udp_init(void);

#endif
