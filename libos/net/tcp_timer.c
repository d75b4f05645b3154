/* SPDX-License-Identifier: MIT */
/*
 * tcp_timer.c: what happens by the clock (RFC 9293, section 3.8).
 *
 * A connection's deadlines are numbers in its struct: to set or forget one costs a
 * store, which is what happens with nearly every segment. The one real timer is set
 * no later than the earliest of them; when it goes off, all are looked at.
 */
#include <errno.h>

#include "clock.h"
#include "tcp_connection.h"

enum { MOST_RETRIES = 10, MOST_SYN_RETRIES = 7 }; /* at least 100 s and 3 min: RFC 1122, section 4.2.3.5 */

static void look(struct timer *self);

static struct timer timer = {.run = look};

void tcp_timer_at(uint64_t deadline)
{
    if (!timer.deadline || deadline < timer.deadline)
        timer_set(&timer, deadline);
}

static bool due(uint64_t *deadline, uint64_t now)
{
    if (!*deadline || *deadline > now)
        return false;
    *deadline = 0;
    return true;
}

static void retransmit(struct tcp *tcp, uint64_t now)
{
    bool opening = tcp->state == TCPS_SYN_SENT || tcp->state == TCPS_SYN_RECEIVED;
    uint64_t patience = tcp->options.user_timeout * TCP_MILLISECOND;

    if (tcp->retries == 0)
        tcp->stuck_since = now - tcp->rto;
    if (tcp->retries == (opening ? MOST_SYN_RETRIES : MOST_RETRIES) ||
        (patience && now - tcp->stuck_since >= patience)) {
        if (!opening)
            tcp_send_reset(tcp); /* should the peer be there after all, it should not wait for ever */
        tcp_end(tcp, tcp->soft_error ? tcp->soft_error : -ETIMEDOUT);
        return;
    }
    /* Something that waits for a window, or for more, is sent for the first time: nothing was lost. */
    bool lost = tcp->snd_max != tcp->snd_una && tcp->snd_wnd;
    if (lost || opening)
        tcp_congestion_timeout(tcp);
    tcp->retries++;
    tcp_rto_back_off(tcp);
    if (opening)
        tcp_send_syn(tcp);
    else
        tcp_send_oldest(tcp);
}

static void keep_alive(struct tcp *tcp, uint64_t now)
{
    if (tcp->probes++ == tcp->options.keep_count) {
        tcp_send_reset(tcp);
        tcp_end(tcp, -ETIMEDOUT);
        return;
    }
    tcp->keep_at = now + tcp->options.keep_interval * TCP_SECOND;
    tcp_send_keepalive(tcp);
}

static void run(struct tcp *tcp, uint64_t now)
{
    if (due(&tcp->give_up_at, now)) {
        tcp_send_reset(tcp);
        tcp_end(tcp, -ETIMEDOUT);
    }
    if (tcp->in_table && due(&tcp->retransmit_at, now))
        retransmit(tcp, now);
    if (tcp->in_table && due(&tcp->keep_at, now))
        keep_alive(tcp, now);
    if (tcp->in_table && due(&tcp->ack_at, now))
        tcp_send_ack(tcp);
    tcp_settle(tcp);
}

static void earliest(uint64_t *next, uint64_t deadline)
{
    if (deadline && deadline < *next)
        *next = deadline;
}

static void look(struct timer *self)
{
    uint64_t now = clock_monotonic(), next = FOREVER;

    for (struct tcp *tcp = tcp_all, *following; tcp; tcp = following) {
        following = tcp->next;
        run(tcp, now);
    }
    earliest(&next, tcp_half_open_timer(now));
    earliest(&next, tcp_time_wait_timer(now));
    for (struct tcp *tcp = tcp_all; tcp; tcp = tcp->next) {
        earliest(&next, tcp->give_up_at);
        earliest(&next, tcp->retransmit_at);
        earliest(&next, tcp->keep_at);
        earliest(&next, tcp->ack_at);
    }
    if (next != FOREVER)
        timer_set(self, next);
}
