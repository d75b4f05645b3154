/* SPDX-License-Identifier: MIT */
/*
 * tcp_output.c: which segments are sent, and how one is made (RFC 9293, sections
 * 3.7 and 3.8).
 */
#include <string.h>

#include "checksum.h"
#include "clock.h"
#include "tcp_connection.h"

enum { OPTION_MSS = 2, OPTION_SCALE = 3, OPTION_NOTHING = 1, MSS_LENGTH = 4, SCALE_LENGTH = 3, MOST_OPTIONS = 8 };

/* ---- making a segment ----------------------------------------------------- */

/* Puts the headers in front of `packet`, which has text whose sum is `sum`, and sends it. */
static void dispatch(struct packet *packet, const struct tcp_answer *is, uint64_t sum)
{
    uint8_t options[MOST_OPTIONS] = {OPTION_MSS,       MSS_LENGTH,        (uint8_t)(is->mss >> 8),
                                     (uint8_t)is->mss, OPTION_NOTHING,    OPTION_SCALE,
                                     SCALE_LENGTH,     (uint8_t)is->scale};
    uint32_t length = !is->mss ? 0 : is->scale < 0 ? MSS_LENGTH : MOST_OPTIONS;

    length += TCP_HEADER;
    packet->data -= length;
    packet->len += length;
    struct tcp_header *header = (void *)packet->data;
    *header = (struct tcp_header){.source = is->local.port,
                                  .destination = is->remote.port,
                                  .seq = htobe32(is->seq),
                                  .ack = htobe32(is->ack),
                                  .offset = (uint8_t)(length / 4 << 4),
                                  .flags = is->flags,
                                  .window = htobe16(is->window)};
    memcpy(header + 1, options, length - TCP_HEADER);
    sum = checksum_pseudo(sum, is->local.address, is->remote.address, PROTOCOL_TCP, packet->len);
    header->checksum = checksum_fold(checksum_add(sum, header, length));
    ipv4_send(packet, PROTOCOL_TCP, is->local.address, is->remote.address);
}

void tcp_send_answer(const struct tcp_answer *answer)
{
    struct packet *packet = packet_alloc();

    if (packet)
        dispatch(packet, answer, 0);
}

void tcp_refuse(const struct tcp_segment *segment)
{
    bool acknowledges = segment->flags & TCP_ACK;

    if (segment->flags & TCP_RST)
        return;
    tcp_send_answer(&(struct tcp_answer){.local = segment->local,
                                         .remote = segment->remote,
                                         .seq = acknowledges ? segment->ack : 0,
                                         .ack = acknowledges ? 0 : segment->seq + segment_length(segment),
                                         .scale = -1,
                                         .flags = acknowledges ? TCP_RST : TCP_RST | TCP_ACK});
}

/* Everything that a segment of the connection says beside its text. */
static struct tcp_answer filled_in(struct tcp *tcp, uint32_t seq, uint8_t flags)
{
    uint32_t window = tcp_window(tcp) >> tcp->rcv_scale;

    window = window > 0xffff ? 0xffff : window;
    if (flags & TCP_ACK) {
        uint32_t edge = tcp->rcv_nxt + (window << tcp->rcv_scale);

        if (seq_before(tcp->rcv_edge, edge))
            tcp->rcv_edge = edge;
        tcp->ack_now = false;
        tcp->ack_at = 0;
    }
    return (struct tcp_answer){.local = tcp->pair.local,
                               .remote = tcp->pair.remote,
                               .seq = seq,
                               .ack = flags & TCP_ACK ? tcp->rcv_nxt : 0,
                               .window = (uint16_t)window,
                               .scale = -1,
                               .flags = flags};
}

/* What takes up sequence numbers is timed (RFC 6298) and sent again until it is acknowledged. */
static void account(struct tcp *tcp, uint32_t end)
{
    uint64_t now = clock_monotonic();

    if (seq_before(tcp->snd_max, end)) {
        if (!tcp->measured_since) {
            tcp->measured_since = now;
            tcp->measured_seq = tcp->snd_max;
        }
        tcp->snd_max = end;
    }
    tcp->last_sent = now;
    if (!tcp->retransmit_at) {
        tcp->retransmit_at = now + tcp->rto;
        tcp_timer_at(tcp->retransmit_at);
    }
}

/* Sends `len` buffered bytes from `seq` on. */
static void transmit(struct tcp *tcp, uint32_t seq, uint32_t len, uint8_t flags)
{
    struct packet *packet = packet_alloc();
    uint32_t fin = !!(flags & TCP_FIN);

    /* Without memory it is as if it were lost on the way. */
    if (packet) {
        uint64_t sum = len ? tcp_copy_buffered(tcp, seq - tcp->snd_una, packet->data, len) : 0;
        struct tcp_answer is = filled_in(tcp, seq, flags);

        packet->len = len;
        dispatch(packet, &is, sum);
    }
    if (len + fin)
        account(tcp, seq + len + fin);
}

/* ---- single segments ------------------------------------------------------ */

void tcp_send_syn(struct tcp *tcp)
{
    struct packet *packet = packet_alloc();
    bool answers = tcp->state == TCPS_SYN_RECEIVED;

    if (packet) {
        struct tcp_answer is = filled_in(tcp, tcp->iss, answers ? TCP_SYN | TCP_ACK : TCP_SYN);
        uint32_t size = tcp->options.receive_size;

        is.window = (uint16_t)(size > 0xffff ? 0xffff : size); /* never scaled (RFC 7323, section 2.2) */
        is.mss = TCP_MSS;
        is.scale = (int8_t)tcp->rcv_scale;
        if (tcp->no_scale)
            is.scale = -1;
        dispatch(packet, &is, 0);
    }
    tcp->snd_nxt = tcp->iss + 1;
    account(tcp, tcp->iss + 1);
}

/* The number of a segment without text: beyond all text that was sent, even where that is being sent again, or else two
 * ends that do so would each find the other's acknowledgements too old; but within the window. */
static uint32_t empty_seq(const struct tcp *tcp)
{
    uint32_t edge = tcp->snd_una + tcp->snd_wnd;

    return seq_before(edge, tcp->snd_max) ? edge : tcp->snd_max;
}

void tcp_send_ack(struct tcp *tcp)
{
    transmit(tcp, empty_seq(tcp), 0, TCP_ACK);
}

void tcp_send_keepalive(struct tcp *tcp)
{
    transmit(tcp, tcp->snd_una - 1, 0, TCP_ACK);
}

void tcp_send_reset(struct tcp *tcp)
{
    transmit(tcp, empty_seq(tcp), 0, TCP_RST | TCP_ACK);
}

/* Our FIN is to be sent, or sent again. */
static bool fin_pending(const struct tcp *tcp)
{
    return tcp->state == TCPS_FIN_WAIT_1 || tcp->state == TCPS_CLOSING || tcp->state == TCPS_LAST_ACK;
}

void tcp_send_oldest(struct tcp *tcp)
{
    /* Into a closed window, one byte: its acknowledgement tells the window (RFC 9293, section 3.8.6.1). */
    uint32_t most = tcp->snd_wnd ? (tcp->snd_wnd < tcp->mss ? tcp->snd_wnd : tcp->mss) : 1;
    uint32_t len = tcp->buffered < most ? tcp->buffered : most;
    bool fin = fin_pending(tcp) && len == tcp->buffered;
    uint32_t end = tcp->snd_una + len + fin;

    tcp->measured_since = 0; /* Karn's algorithm (RFC 6298, section 3) */
    transmit(tcp, tcp->snd_una, len, (uint8_t)(TCP_ACK | TCP_PSH | (fin ? TCP_FIN : 0)));
    if (tcp->snd_wnd && seq_before(tcp->snd_nxt, end))
        tcp->snd_nxt = end;
}

/* ---- as much as may be sent ----------------------------------------------- */

/* Whether `len` bytes are worth a segment: not if they are few and more will come, or the peer's window is silly (RFC
 * 9293, sections 3.7.4, Nagle's algorithm, and 3.8.6.2.1). */
static bool worthwhile(const struct tcp *tcp, uint32_t len, bool all)
{
    if (len == tcp->mss || seq_before(tcp->snd_nxt, tcp->snd_max))
        return true;
    if (all && fin_pending(tcp))
        return true;
    if (all && !tcp->more && (tcp->options.nodelay || tcp->snd_nxt == tcp->snd_una))
        return true;
    return !all && len >= tcp->largest_wnd / 2;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void tcp_output(struct tcp *tcp)
{
    bool open = tcp->state >= TCPS_ESTABLISHED && tcp->state < TCPS_FIN_WAIT_2;

    if (open && tcp->snd_max == tcp->snd_una && tcp->buffered)
        tcp_congestion_restart(tcp);
    while (open) {
        uint32_t sent = tcp->snd_nxt - tcp->snd_una, window = least(tcp->snd_wnd, tcp->cwnd);
        uint32_t left = sent < tcp->buffered ? tcp->buffered - sent : 0;
        uint32_t len = least(least(left, window > sent ? window - sent : 0), tcp->mss);
        bool fin = fin_pending(tcp) && sent + len == tcp->buffered;

        if (!fin && (!len || !worthwhile(tcp, len, len == left)))
            break;
        transmit(tcp, tcp->snd_nxt, len,
                 (uint8_t)(TCP_ACK | (len && len == left ? TCP_PSH : 0) | (fin ? TCP_FIN : 0)));
        tcp->snd_nxt += len + fin;
    }
    if (tcp->ack_now)
        tcp_send_ack(tcp);
    /* What could not be sent, and nothing under way whose acknowledgement would make it so: ask later. */
    if (open && tcp->buffered && !tcp->retransmit_at) {
        tcp->retransmit_at = clock_monotonic() + tcp->rto;
        tcp_timer_at(tcp->retransmit_at);
    }
}
