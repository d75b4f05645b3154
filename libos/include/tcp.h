/* SPDX-License-Identifier: MIT */
/*
 * tcp.h: byte streams (RFC 9293), for whoever uses them.
 *
 * Does not wait; see net.h for byte order, errors and what may be called when.
 * A struct tcp is the user's from tcp_open() or tcp_accept() until tcp_close() or
 * tcp_abort(), whatever the network does to the connection meanwhile; it then
 * ends by itself. `changed` may be called from within any function that is
 * given another struct tcp, but not from one that is given this.
 */
#ifndef LIBOS_TCP_H
#define LIBOS_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"

/* Open at once; more are refused with a reset. A server that takes 256 can so refuse more in its own words. */
enum { TCP_CONNECTIONS = 288 };

struct tcp;

/* A stream that is bound to nothing; null if there are too many. */
struct tcp *tcp_open(void);

/* Has `changed(owner)` called whenever what tcp_ready() says may have changed; null for nobody. A stream made by
 * tcp_accept() begins with null. */
void tcp_watch(struct tcp *tcp, void (*changed)(void *owner), void *owner);

/* Takes an address of this machine (or 0 for all) and a port (or 0 for a free one): -EADDRINUSE if another that
 * listens or is just bound has it, -EADDRNOTAVAIL, -EINVAL if it has one. Connections left on that port do not matter,
 * as if every socket had SO_REUSEADDR. */
int tcp_bind(struct tcp *tcp, struct endpoint local);

/* Starts to accept connections, at most `backlog` of which wait for tcp_accept(); or changes the backlog. Binds if need
 * be. -EINVAL if it is connected. */
int tcp_listen(struct tcp *tcp, int backlog);

/* The connection that waited longest; null with *error -EAGAIN if there is none, -EINVAL if it does not listen. */
struct tcp *tcp_accept(struct tcp *listener, int *error);

/* Starts to connect; binds if need be. 0: look at tcp_ready() later, POLLOUT says that it ended, tcp_take_error() how.
 * -EISCONN, -EALREADY, -ENETUNREACH, -EADDRNOTAVAIL, -EADDRINUSE, -EOPNOTSUPP if it listens. */
int tcp_connect(struct tcp *tcp, struct endpoint remote);

/* Takes over as many bytes as there is room for, at least one: how many. -EAGAIN if there is no room or it is still
 * connecting, -EPIPE after tcp_shutdown() or the connection's end, -ENOTCONN, -ENOBUFS, or the error that waited.
 * `more` (MSG_MORE) keeps the last, not full segment back until there is more. */
long tcp_send(struct tcp *tcp, const void *bytes, size_t len, bool more);

/* Takes bytes that came, or with `peek` looks at them: how many, 0 at the stream's end; -EAGAIN if there are none,
 * -ENOTCONN, or the error that waited. */
long tcp_receive(struct tcp *tcp, void *bytes, size_t len, bool peek);

/* No more will be read (what comes is acknowledged and dropped), no more written (the peer sees the end once it has
 * everything), or both. -ENOTCONN. */
int tcp_shutdown(struct tcp *tcp, bool reading, bool writing);

/* The user is done with it. What was sent is still delivered; unread bytes make it a reset. A listener resets what nobody
 * accepted. */
void tcp_close(struct tcp *tcp);

/* The same, with a reset at once. */
void tcp_abort(struct tcp *tcp);

/* POLLIN, POLLOUT, POLLERR, POLLHUP, POLLRDHUP: what is so now, for connections and listeners alike. */
unsigned tcp_ready(const struct tcp *tcp);

/* The error that waited, a negative errno or 0, and waits no more. */
int tcp_take_error(struct tcp *tcp);

/* Where it is: zeroes where it is bound, or connected, to nothing. */
struct endpoint tcp_local(const struct tcp *tcp);
struct endpoint tcp_remote(const struct tcp *tcp);
bool tcp_is_connecting(const struct tcp *tcp);
bool tcp_is_connected(const struct tcp *tcp); /* and was not reset; the peer, or we, may have ended a direction */
bool tcp_is_listening(const struct tcp *tcp);

/* Most bytes of text in a segment to the peer; 536 before there is a peer (RFC 9293, section 3.7.1). */
unsigned tcp_segment_size(const struct tcp *tcp);

/* Bytes that wait to be read, and that the peer has not acknowledged (with an end that it has not, one more). */
size_t tcp_unread(const struct tcp *tcp);
size_t tcp_unsent(const struct tcp *tcp);

/* True once every peer has acknowledged everything that was sent to it, also by streams that their users are done with. */
bool tcp_all_delivered(void);

/* What a user may choose; a listener's choices are inherited by its connections. To be changed through tcp_set_options(),
 * which brings values to what is possible. */
struct tcp_options {
    bool nodelay; /* TCP_NODELAY: small segments go out at once */
    bool keepalive;
    uint32_t keep_idle, keep_interval, keep_count; /* seconds; 7200, 75, 9 unless chosen */
    uint32_t user_timeout;                         /* ms without acknowledgement before it gives up; 0: by count */
    uint32_t send_size, receive_size;              /* most bytes kept in either direction; at first 64 KiB */
};

struct tcp_options tcp_options(const struct tcp *tcp);
void tcp_set_options(struct tcp *tcp, const struct tcp_options *options);

#endif
