/* SPDX-License-Identifier: MIT */
/*
 * tcp_arrival.c: what a segment does to its connection: RFC 9293, section 3.10.7,
 * step by step, with the defences of RFC 5961 against who guesses numbers.
 */
#include <errno.h>

#include "clock.h"
#include "tcp_connection.h"

enum { CHALLENGES = 10 };
#define CHALLENGE_WINDOW (5 * TCP_SECOND) /* RFC 5961, section 7 */
#define ACK_DELAY (40 * TCP_MILLISECOND)  /* RFC 9293, section 3.8.6.3: less than half a second */
#define LINGERING (60 * TCP_SECOND)

/* An acknowledgement for a segment that does not fit: so few that two ends cannot keep each other busy with them, and
 * counted for each connection, so that nobody can see from outside how many another got. */
static void challenge(struct tcp *tcp)
{
    uint64_t now = clock_monotonic();

    if (now - tcp->challenge_start >= CHALLENGE_WINDOW) {
        tcp->challenge_start = now;
        tcp->challenges = 0;
    }
    if (tcp->challenges++ < CHALLENGES)
        tcp_send_ack(tcp);
}

void tcp_agree(struct tcp *tcp, uint16_t mss, int8_t scale)
{
    tcp->mss = mss == 0 ? TCP_DEFAULT_MSS : mss > TCP_MSS ? TCP_MSS : mss < 64 ? 64 : mss;
    tcp->no_scale = scale < 0;
    tcp->snd_scale = (uint8_t)(scale < 0 ? 0 : scale > 14 ? 14 : scale); /* RFC 7323, section 2.3 */
    tcp->rcv_scale = scale < 0 ? 0 : TCP_SCALE;
    tcp_congestion_init(tcp);
    if (tcp->retries)
        tcp->cwnd = tcp->mss; /* RFC 5681, section 3.1: a SYN was lost */
    tcp_rto_reset(tcp);
}

/* ---- steps ---------------------------------------------------------------- */

/* Cuts off what lies outside the window (section 3.10.7.4, first check). False if the segment is not acceptable. */
static bool trim(struct tcp *tcp, struct tcp_segment *segment)
{
    struct packet *packet = segment->packet;
    uint32_t window = tcp->rcv_edge - tcp->rcv_nxt, known = tcp->rcv_nxt - segment->seq;

    /* Ours and the peer's SYN crossed: its answer to ours begins with its SYN again (section 3.5, figure 8). */
    if (tcp->state == TCPS_SYN_RECEIVED && segment->flags & TCP_SYN && known == 1) {
        segment->flags &= (uint8_t)~TCP_SYN;
        segment->seq++;
        known = 0;
    }
    uint32_t length = segment_length(segment);
    if (length == 0)
        return segment->seq == tcp->rcv_nxt || segment->seq - tcp->rcv_nxt < window;
    if (seq_before(segment->seq, tcp->rcv_nxt)) {
        if (known >= length)
            return false;
        packet->data += known < packet->len ? known : packet->len;
        packet->len -= known < packet->len ? known : packet->len;
        segment->seq = tcp->rcv_nxt;
    }
    uint32_t ahead = segment->seq - tcp->rcv_nxt;
    if (ahead >= window)
        return false;
    if (packet->len > window - ahead) {
        packet->len = window - ahead;
        segment->flags &= (uint8_t)~TCP_FIN;
    }
    return true;
}

/* The peer has answered our SYN. */
static void establish(struct tcp *tcp)
{
    tcp->state = tcp->fin_wanted ? TCPS_FIN_WAIT_1 : TCPS_ESTABLISHED;
    tcp->notify = true;
    if (tcp->options.keepalive) {
        tcp->keep_at = clock_monotonic() + tcp->options.keep_idle * TCP_SECOND;
        tcp_timer_at(tcp->keep_at);
    }
}

static void set_window(struct tcp *tcp, const struct tcp_segment *segment)
{
    uint32_t window = segment->window << (segment->flags & TCP_SYN ? 0 : tcp->snd_scale);

    if (!tcp->snd_wnd && window)
        tcp_rto_reset(tcp);
    tcp->snd_wnd = window;
    tcp->snd_wl1 = segment->seq;
    tcp->snd_wl2 = segment->ack;
    if (window > tcp->largest_wnd)
        tcp->largest_wnd = window;
}

/* Something new is acknowledged; `syn` tells that our SYN is the first of it. True if our FIN is the last. */
static bool acknowledge(struct tcp *tcp, uint32_t ack, bool syn)
{
    uint32_t acked = ack - tcp->snd_una, half = tcp->options.send_size / 2;
    bool fin = acked - syn > tcp->buffered, was_full = tcp->buffered > half;
    uint64_t now = 0;

    if (tcp->measured_since && seq_before(tcp->measured_seq, ack)) {
        now = clock_monotonic();
        tcp_measure(tcp, now - tcp->measured_since);
        tcp->measured_since = 0;
    }
    tcp_drop_acknowledged(tcp, acked - syn - fin);
    tcp->snd_una = ack;
    if (seq_before(tcp->snd_nxt, ack))
        tcp->snd_nxt = ack;
    if (!syn)
        tcp_congestion_ack(tcp, acked);
    tcp->retries = 0;
    if (was_full && tcp->buffered <= half)
        tcp->notify = true;
    if (tcp->fin_wanted && !tcp->buffered)
        tcp->notify = true;
    /* RFC 6298, section 5.2 and 5.3 */
    tcp->retransmit_at = 0;
    if (tcp->snd_max != ack || tcp->give_up_at) {
        now = now ? now : clock_monotonic();
        if (tcp->snd_max != ack)
            tcp->retransmit_at = now + tcp->rto;
        if (tcp->give_up_at)
            tcp->give_up_at = now + LINGERING;
        tcp_timer_at(now + tcp->rto);
    }
    return fin;
}

/* The fifth check. False if the segment is to be dropped. */
static bool take_ack(struct tcp *tcp, struct tcp_segment *segment)
{
    uint32_t ack = segment->ack;
    bool syn = tcp->state == TCPS_SYN_RECEIVED;

    if (syn) {
        if (!seq_before(tcp->snd_una, ack) || seq_before(tcp->snd_max, ack)) {
            tcp_refuse(segment);
            return false;
        }
        set_window(tcp, segment);
        establish(tcp);
    }
    /* RFC 5961, section 5 */
    if (seq_before(tcp->snd_max, ack) || seq_before(ack, tcp->snd_una - tcp->largest_wnd)) {
        challenge(tcp);
        return false;
    }
    uint32_t window = segment->window << tcp->snd_scale;
    bool fin_acked = false;
    if (seq_before(tcp->snd_una, ack))
        fin_acked = acknowledge(tcp, ack, syn);
    else if (ack == tcp->snd_una && !segment_length(segment) && window == tcp->snd_wnd && tcp->snd_max != ack &&
             window)
        tcp_congestion_duplicate(tcp);
    if (!tcp->snd_wnd)
        tcp->retries = 0; /* it answers: a closed window may stay closed (section 3.8.6.1) */
    if (seq_at_most(tcp->snd_una, ack) && (seq_before(tcp->snd_wl1, segment->seq) ||
                                           (tcp->snd_wl1 == segment->seq && seq_at_most(tcp->snd_wl2, ack))))
        set_window(tcp, segment);
    if (!fin_acked)
        return true;
    switch (tcp->state) {
    case TCPS_FIN_WAIT_1:
        tcp->state = TCPS_FIN_WAIT_2;
        return true;
    case TCPS_CLOSING:
        tcp_time_wait(tcp);
        return false;
    case TCPS_LAST_ACK:
        tcp_end(tcp, 0);
        return false;
    default:
        return true;
    }
}

/* An acknowledgement soon: with what the program answers, or for the second segment, or after a moment. */
static void owe_ack(struct tcp *tcp)
{
    if (tcp->ack_at) {
        tcp->ack_now = true;
    } else {
        tcp->ack_at = clock_monotonic() + ACK_DELAY;
        tcp_timer_at(tcp->ack_at);
    }
}

/* The eighth check: nothing will follow. */
static void take_fin(struct tcp *tcp)
{
    tcp->rcv_nxt++;
    tcp->fin_received = true;
    tcp->notify = true;
    switch (tcp->state) {
    case TCPS_ESTABLISHED:
        /* The program may well close its end, too, and that FIN acknowledges this one. */
        tcp->state = TCPS_CLOSE_WAIT;
        owe_ack(tcp);
        break;
    case TCPS_FIN_WAIT_1:
        tcp->state = TCPS_CLOSING;
        tcp->ack_now = true;
        break;
    case TCPS_FIN_WAIT_2:
        tcp_send_ack(tcp);
        tcp_time_wait(tcp);
        break;
    default:
        break;
    }
}

/* ---- states --------------------------------------------------------------- */

/* Section 3.10.7.3. */
static void syn_sent_arrival(struct tcp *tcp, struct tcp_segment *segment)
{
    bool acks = segment->flags & TCP_ACK;

    if (acks && (segment->ack == tcp->iss || segment->ack - tcp->iss > tcp->snd_max - tcp->iss)) {
        tcp_refuse(segment);
        return;
    }
    if (segment->flags & TCP_RST) {
        if (acks)
            tcp_end(tcp, -ECONNREFUSED);
        return;
    }
    if (!(segment->flags & TCP_SYN))
        return;
    uint32_t size = tcp->options.receive_size;
    tcp->irs = segment->seq;
    tcp->rcv_nxt = segment->seq + 1;
    tcp->rcv_edge = tcp->rcv_nxt + (size > 0xffff ? 0xffff : size);
    tcp_agree(tcp, segment->mss, segment->scale);
    set_window(tcp, segment);
    if (!acks) {
        tcp->state = TCPS_SYN_RECEIVED;
        tcp_send_syn(tcp);
        return;
    }
    establish(tcp);
    acknowledge(tcp, segment->ack, true);
    tcp->ack_now = true;
    tcp_output(tcp);
}

/* Where the peer had ended its direction, all that a reset can spoil is our writing. */
static int reset_error(const struct tcp *tcp)
{
    return tcp->state == TCPS_SYN_RECEIVED ? -ECONNREFUSED : tcp->state == TCPS_CLOSE_WAIT ? -EPIPE : -ECONNRESET;
}

/* Section 3.10.7.4. */
static void synchronized_arrival(struct tcp *tcp, struct tcp_segment *segment)
{
    bool pure = !segment_length(segment), acceptable = trim(tcp, segment);

    if (segment->flags & TCP_RST) {
        if (acceptable && segment->seq == tcp->rcv_nxt)
            tcp_end(tcp, reset_error(tcp));
        else if (acceptable)
            challenge(tcp);
        return;
    }
    if (segment->flags & TCP_SYN) {
        challenge(tcp);
        return;
    }
    if (!acceptable) {
        if (pure)
            challenge(tcp);
        else
            tcp_send_ack(tcp); /* what was lost may have been our acknowledgement */
        /* It may carry an acknowledgement all the same, which is all that moves two ends whose windows are closed. */
        if (segment->flags & TCP_ACK && segment->seq == tcp->rcv_nxt && !pure && take_ack(tcp, segment))
            tcp_output(tcp);
        return;
    }
    if (!(segment->flags & TCP_ACK) || !take_ack(tcp, segment))
        return;
    if (segment->packet->len && !tcp->fin_received) {
        if (!tcp->owned) {
            /* Section 3.6.1: nobody will read it, and the peer should know. */
            tcp_send_reset(tcp);
            tcp_end(tcp, 0);
            return;
        }
        owe_ack(tcp);
    }
    if (segment_length(segment) && !tcp->fin_received && tcp_take_text(tcp, segment))
        take_fin(tcp);
    if (tcp->in_table)
        tcp_output(tcp);
}

void tcp_arrival(struct tcp *tcp, struct tcp_segment *segment)
{
    tcp->probes = 0;
    if (tcp->keep_at)
        tcp->keep_at = clock_monotonic() + tcp->options.keep_idle * TCP_SECOND;
    if (tcp->state == TCPS_SYN_SENT)
        syn_sent_arrival(tcp, segment);
    else
        synchronized_arrival(tcp, segment);
    tcp_settle(tcp);
}
