/* SPDX-License-Identifier: MIT */
/*
 * tcp.c: what a program may do with a stream (RFC 9293, section 3.9.1).
 */
#define _GNU_SOURCE /* POLLRDHUP */
#include <errno.h>
#include <poll.h>

#include "clock.h"
#include "frames.h"
#include "tcp_connection.h"

enum { LEAST_SIZE = 4096 };
#define LINGERING (60 * TCP_SECOND)

static struct ipv4_protocol protocol = {.number = PROTOCOL_TCP, .input = tcp_input, .failed = tcp_failed};

struct tcp *tcp_open(void)
{
    static bool registered;

    if (!registered) {
        tcp_table_init();
        /* Two packets are a page: a sixteenth of RAM at most, half of what packet_alloc() gives. */
        tcp_packets_most = (unsigned)frames_total() / 8;
        tcp_packets_many = tcp_packets_most / 2;
        ipv4_register(&protocol);
        registered = true;
    }
    return tcp_new();
}

void tcp_watch(struct tcp *tcp, void (*changed)(void *owner), void *owner)
{
    tcp->changed = changed;
    tcp->owner = owner;
}

/* ---- addresses ------------------------------------------------------------ */

/* It is in the list of those that are bound: it has a port, and was never connected. */
static bool is_bound(const struct tcp *tcp)
{
    return tcp->pair.local.port && !tcp->pair.remote.port;
}

int tcp_bind(struct tcp *tcp, struct endpoint local)
{
    if (tcp->pair.local.port)
        return -EINVAL;
    if (local.address && !ipv4_is_ours(local.address))
        return -EADDRNOTAVAIL;
    if (local.port && tcp_bound_find(local))
        return -EADDRINUSE;
    if (!local.port && !(local.port = tcp_free_port(local.address, 0)))
        return -EADDRINUSE;
    tcp->pair.local = local;
    tcp_bound_add(tcp);
    return 0;
}

struct endpoint tcp_local(const struct tcp *tcp)
{
    return tcp->pair.local;
}

struct endpoint tcp_remote(const struct tcp *tcp)
{
    return tcp->pair.remote;
}

/* ---- opening -------------------------------------------------------------- */

int tcp_listen(struct tcp *tcp, int backlog)
{
    if (tcp->state != TCPS_LISTEN) {
        if (tcp->state != TCPS_CLOSED || tcp->pair.remote.port)
            return -EINVAL;
        int result = tcp->pair.local.port ? 0 : tcp_bind(tcp, (struct endpoint){0, 0});
        if (result < 0)
            return result;
        tcp->state = TCPS_LISTEN;
    }
    tcp->backlog = backlog < 1 ? 1 : backlog > TCP_CONNECTIONS ? TCP_CONNECTIONS : backlog;
    return 0;
}

int tcp_connect(struct tcp *tcp, struct endpoint remote)
{
    struct endpoint local = tcp->pair.local;

    if (tcp->state == TCPS_LISTEN)
        return -EOPNOTSUPP;
    if (tcp->state == TCPS_SYN_SENT || tcp->state == TCPS_SYN_RECEIVED)
        return -EALREADY;
    if (tcp->pair.remote.port)
        return -EISCONN;
    if (!remote.port)
        return -EADDRNOTAVAIL;
    uint32_t source;
    if (ipv4_is_broadcast(remote.address) || ipv4_is_multicast(remote.address) ||
        !ipv4_source(remote.address, &source))
        return -ENETUNREACH;
    if (!local.address)
        local.address = source;
    if (!local.port && !(local.port = tcp_free_port(local.address, &remote)))
        return -EADDRNOTAVAIL;
    if (tcp_table_find(local, remote))
        return -EADDRINUSE;
    if (!tcp_make_room())
        return -ENOBUFS;
    if (is_bound(tcp))
        tcp_bound_remove(tcp);
    tcp_enter(tcp, local, remote);
    tcp->state = TCPS_SYN_SENT;
    tcp->error = tcp->soft_error = 0;
    tcp->retries = 0;
    tcp->retransmit_at = tcp->measured_since = tcp->srtt = 0;
    tcp->iss = tcp_first_seq(local, remote);
    tcp->snd_una = tcp->snd_nxt = tcp->snd_max = tcp->iss;
    tcp_agree(tcp, 0, 0);
    tcp_send_syn(tcp);
    return 0;
}

/* ---- ending --------------------------------------------------------------- */

int tcp_shutdown(struct tcp *tcp, bool reading, bool writing)
{
    if (!tcp->in_table)
        return -ENOTCONN;
    if (reading) {
        tcp_receive_clear(tcp);
        tcp->reading_over = true;
    }
    if (!writing || tcp->fin_wanted)
        return 0;
    tcp->fin_wanted = true;
    tcp->more = false;
    if (tcp->state == TCPS_ESTABLISHED)
        tcp->state = TCPS_FIN_WAIT_1;
    else if (tcp->state == TCPS_CLOSE_WAIT)
        tcp->state = TCPS_LAST_ACK;
    tcp_output(tcp);
    return 0;
}

/* It is in no table any more. */
static void let_go(struct tcp *tcp)
{
    tcp->owned = false;
    tcp->changed = 0;
    tcp->notify = false;
    tcp_settle(tcp);
}

static void close_listener(struct tcp *tcp)
{
    int error;

    tcp_half_open_forget(tcp);
    for (struct tcp *waiting; (waiting = tcp_accept(tcp, &error));)
        tcp_abort(waiting);
    tcp->state = TCPS_CLOSED;
}

void tcp_abort(struct tcp *tcp)
{
    if (tcp->state == TCPS_LISTEN)
        close_listener(tcp);
    if (tcp->in_table) {
        if (tcp->state != TCPS_SYN_SENT)
            tcp_send_reset(tcp);
        tcp_end(tcp, 0);
    } else if (is_bound(tcp)) {
        tcp_bound_remove(tcp);
    }
    let_go(tcp);
}

void tcp_close(struct tcp *tcp)
{
    /* RFC 9293, section 3.10.4: without ever being connected there is nothing to end, and a peer whose bytes were not
     * read must not think that they were (RFC 2525, section 2.17). */
    if (!tcp->in_table || tcp->unread || tcp->state == TCPS_SYN_SENT) {
        tcp_abort(tcp);
        return;
    }
    tcp_shutdown(tcp, false, true);
    tcp->give_up_at = clock_monotonic() + LINGERING;
    tcp_timer_at(tcp->give_up_at);
    let_go(tcp);
}

/* ---- what is so ----------------------------------------------------------- */

unsigned tcp_ready(const struct tcp *tcp)
{
    unsigned ready = 0;

    if (tcp->state == TCPS_LISTEN)
        return tcp->accept_first ? POLLIN : 0;
    if (tcp->state == TCPS_SYN_SENT || tcp->state == TCPS_SYN_RECEIVED)
        return 0;
    if (tcp->error)
        ready |= POLLERR;
    bool read_end = tcp->fin_received || tcp->reading_over || tcp->state == TCPS_CLOSED;
    if (tcp->text_first || read_end || tcp->error)
        ready |= POLLIN;
    if (read_end)
        ready |= POLLRDHUP;
    if (tcp->state == TCPS_CLOSED || (read_end && tcp->fin_wanted))
        ready |= POLLHUP;
    if (tcp->state == TCPS_CLOSED || tcp->fin_wanted || tcp->buffered <= tcp->options.send_size / 2)
        ready |= POLLOUT;
    return ready;
}

int tcp_take_error(struct tcp *tcp)
{
    int error = tcp->error;

    tcp->error = 0;
    return error;
}

bool tcp_is_connecting(const struct tcp *tcp)
{
    return tcp->state == TCPS_SYN_SENT || tcp->state == TCPS_SYN_RECEIVED;
}

bool tcp_is_connected(const struct tcp *tcp)
{
    return tcp->in_table && !tcp_is_connecting(tcp);
}

bool tcp_is_listening(const struct tcp *tcp)
{
    return tcp->state == TCPS_LISTEN;
}

size_t tcp_unread(const struct tcp *tcp)
{
    return tcp->unread;
}

unsigned tcp_segment_size(const struct tcp *tcp)
{
    return tcp->in_table ? tcp->mss : TCP_DEFAULT_MSS;
}

size_t tcp_unsent(const struct tcp *tcp)
{
    bool fin = tcp->state == TCPS_FIN_WAIT_1 || tcp->state == TCPS_CLOSING || tcp->state == TCPS_LAST_ACK;

    return tcp->buffered + fin;
}

bool tcp_all_delivered(void)
{
    for (const struct tcp *tcp = tcp_all; tcp; tcp = tcp->next)
        if (tcp_unsent(tcp))
            return false;
    return true;
}

/* ---- choices -------------------------------------------------------------- */

struct tcp_options tcp_options(const struct tcp *tcp)
{
    return tcp->options;
}

static uint32_t within(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

void tcp_set_options(struct tcp *tcp, const struct tcp_options *options)
{
    bool more = options->nodelay && !tcp->options.nodelay;

    tcp->options = *options;
    tcp->options.keep_idle = within(options->keep_idle, 1, 32767);
    tcp->options.keep_interval = within(options->keep_interval, 1, 32767);
    tcp->options.keep_count = within(options->keep_count, 1, 127);
    tcp->options.send_size = within(options->send_size, LEAST_SIZE, TCP_MOST_SIZE);
    tcp->options.receive_size = within(options->receive_size, LEAST_SIZE, TCP_MOST_SIZE);
    tcp->keep_at = 0;
    if (!tcp_is_connected(tcp))
        return;
    if (options->keepalive) {
        tcp->keep_at = clock_monotonic() + tcp->options.keep_idle * TCP_SECOND;
        tcp_timer_at(tcp->keep_at);
    }
    if (more)
        tcp_output(tcp);
}
