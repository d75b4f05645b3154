/* SPDX-License-Identifier: MIT */
/*
 * tcp_listen.c: connections that others open, until somebody accepts them.
 *
 * Who sends a SYN may never send anything again, so it gets a small record out of
 * a bounded number (a SYN cache, RFC 4987, section 3.5) and a struct tcp only when
 * its answer comes. When there are too many, the oldest is forgotten: under a
 * flood, whoever answers within the time that the table lasts is still served.
 */
#include <errno.h>

#include "clock.h"
#include "pool.h"
#include "tcp_connection.h"

enum { ATTEMPTS = 5 };
#define FIRST_WAIT TCP_SECOND /* RFC 6298, section 2.1 */

struct half_open {
    struct tcp_pair pair;
    struct half_open *older, *newer;
    struct tcp *listener;
    uint32_t irs, iss;
    uint16_t mss, window;
    int8_t scale;
    uint8_t sent; /* SYNs that answered */
    uint64_t due, since;
};

static struct pool pool = POOL(struct half_open, TCP_HALF_OPEN);
static struct half_open *oldest, *newest;

static void forget(struct half_open *half)
{
    tcp_table_remove(&half->pair);
    *(half->older ? &half->older->newer : &oldest) = half->newer;
    *(half->newer ? &half->newer->older : &newest) = half->older;
    pool_free(&pool, half);
}

void tcp_half_open_forget(struct tcp *listener)
{
    for (struct half_open *half = oldest, *next; half; half = next) {
        next = half->newer;
        if (half->listener == listener)
            forget(half);
    }
}

static void answer(const struct half_open *half, uint8_t flags)
{
    uint32_t size = half->listener->options.receive_size;
    bool syn = flags & TCP_SYN, scaled = half->scale >= 0;

    if (scaled && !syn)
        size >>= TCP_SCALE; /* in a SYN it is not (RFC 7323, section 2.2) */
    tcp_send_answer(&(struct tcp_answer){.local = half->pair.local,
                                         .remote = half->pair.remote,
                                         .seq = half->iss + !syn,
                                         .ack = half->irs + 1,
                                         .window = (uint16_t)(size > 0xffff ? 0xffff : size),
                                         .mss = syn ? TCP_MSS : 0,
                                         .scale = syn && scaled ? TCP_SCALE : -1,
                                         .flags = flags});
}

void tcp_listen_arrival(struct tcp *listener, struct tcp_segment *segment)
{
    if (segment->flags & TCP_RST)
        return;
    if (!(segment->flags & (TCP_ACK | TCP_SYN)))
        return;
    if (segment->flags & TCP_ACK || !tcp_make_room()) {
        tcp_refuse(segment);
        return;
    }
    /* Full: say nothing, and the peer tries again soon. */
    if (listener->waiting >= listener->backlog) {
        net_counters.full++;
        return;
    }
    struct half_open *half = pool_alloc(&pool);
    if (!half && oldest) {
        forget(oldest);
        half = pool_alloc(&pool);
    }
    if (!half)
        return;
    half->pair = (struct tcp_pair){.local = segment->local, .remote = segment->remote, .kind = PAIR_HALF_OPEN};
    half->listener = listener;
    half->irs = segment->seq;
    half->iss = tcp_first_seq(segment->local, segment->remote);
    half->mss = segment->mss;
    half->scale = segment->scale;
    half->window = (uint16_t)segment->window;
    half->since = clock_monotonic();
    half->due = half->since + FIRST_WAIT;
    half->sent = 1;
    tcp_table_add(&half->pair);
    half->older = newest;
    *(newest ? &newest->newer : &oldest) = half;
    newest = half;
    tcp_timer_at(half->due);
    answer(half, TCP_SYN | TCP_ACK);
}

/* The answer to our SYN has come: a connection that waits to be accepted. Null if there are too many. */
static struct tcp *establish(struct half_open *half, struct tcp_segment *segment)
{
    struct tcp *listener = half->listener;
    struct tcp *tcp = tcp_make_room() ? tcp_new() : 0;

    if (!tcp)
        return 0;
    tcp->options = listener->options;
    tcp->iss = half->iss;
    tcp->irs = half->irs;
    tcp->rcv_nxt = half->irs + 1;
    tcp->rcv_edge = tcp->rcv_nxt + (tcp->options.receive_size > 0xffff ? 0xffff : tcp->options.receive_size);
    tcp->snd_una = tcp->iss;
    tcp->snd_nxt = tcp->snd_max = tcp->iss + 1;
    tcp->snd_wnd = half->window;
    tcp->snd_wl1 = half->irs;
    tcp_agree(tcp, half->mss, half->scale);
    /* Karn's algorithm (RFC 6298, section 3): only an answer to the one SYN tells the round trip. */
    if (half->sent == 1) {
        tcp->measured_since = half->since;
        tcp->measured_seq = tcp->iss;
    }
    tcp->state = TCPS_SYN_RECEIVED;
    forget(half);
    tcp_enter(tcp, segment->local, segment->remote);
    tcp->listener = listener;
    *(listener->accept_first ? &listener->accept_last->accept_next : &listener->accept_first) = tcp;
    listener->accept_last = tcp;
    listener->waiting++;
    return tcp;
}

void tcp_half_open_arrival(struct tcp_pair *pair, struct tcp_segment *segment)
{
    struct half_open *half = (struct half_open *)pair;
    struct tcp *listener = half->listener;
    uint32_t ahead = segment->seq - (half->irs + 1);

    if (segment->flags & TCP_SYN) {
        /* Its SYN again, since our answer was lost; or a forged one (RFC 5961, section 4). */
        answer(half, segment->seq == half->irs ? TCP_SYN | TCP_ACK : TCP_ACK);
    } else if (segment->flags & TCP_RST) {
        if (ahead == 0)
            forget(half);
        else if (ahead < 0xffff)
            answer(half, TCP_ACK);
    } else if (!(segment->flags & TCP_ACK)) {
        return;
    } else if (ahead >= 0xffff) {
        answer(half, TCP_ACK);
    } else if (segment->ack != half->iss + 1) {
        tcp_refuse(segment);
    } else if (listener->waiting >= listener->backlog) {
        net_counters.full++; /* as if it were lost: our SYN is sent again, and answered again */
    } else {
        struct tcp *tcp = establish(half, segment);

        if (tcp) {
            tcp_arrival(tcp, segment);
            listener->notify = true;
            tcp_settle(listener);
        } else {
            forget(half);
            tcp_refuse(segment);
        }
    }
}

uint64_t tcp_half_open_timer(uint64_t now)
{
    uint64_t next = FOREVER;

    for (struct half_open *half = oldest, *newer; half; half = newer) {
        newer = half->newer;
        if (half->due <= now) {
            if (half->sent > ATTEMPTS) {
                forget(half);
                continue;
            }
            half->due = now + (FIRST_WAIT << half->sent++);
            answer(half, TCP_SYN | TCP_ACK);
        }
        if (half->due < next)
            next = half->due;
    }
    return next;
}

/* ---- accepting ------------------------------------------------------------ */

struct tcp *tcp_accept(struct tcp *listener, int *error)
{
    struct tcp *tcp = listener->accept_first;

    *error = listener->state == TCPS_LISTEN ? -EAGAIN : -EINVAL;
    if (tcp)
        tcp_accept_remove(tcp);
    return tcp;
}

/* Takes one off its listener's queue, if it is there. */
void tcp_accept_remove(struct tcp *tcp)
{
    struct tcp *listener = tcp->listener, *before = 0;

    if (!listener)
        return;
    for (struct tcp *t = listener->accept_first; t != tcp; t = t->accept_next)
        before = t;
    *(before ? &before->accept_next : &listener->accept_first) = tcp->accept_next;
    if (listener->accept_last == tcp)
        listener->accept_last = before;
    listener->waiting--;
    tcp->listener = 0;
    tcp->accept_next = 0;
}
