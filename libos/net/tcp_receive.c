/* SPDX-License-Identifier: MIT */
/*
 * tcp_receive.c: text that has come and nobody has read.
 *
 * It stays in the packets that brought it. Small segments are moved together, so
 * that a peer cannot tie up a packet with each byte it sends.
 */
#include <errno.h>
#include <string.h>

#include "tcp_connection.h"

enum { MOST_EARLY = 64, ALWAYS_HELD = 2 };

/* What is to be remembered of a segment that came too early, where its headers were. */
struct early {
    uint32_t seq;
    bool fin;
};

static struct early *early_of(struct packet *packet)
{
    return (struct early *)packet->buffer;
}

static void release(struct tcp *tcp, struct packet *packet)
{
    tcp->held--;
    tcp_packets--;
    packet_free(packet);
}

static bool may_hold(const struct tcp *tcp, unsigned many)
{
    if (tcp->held < ALWAYS_HELD)
        return tcp_packets < tcp_packets_most;
    return tcp_packets < many && tcp->held < tcp_packets_many / 2;
}

/* ---- in order ------------------------------------------------------------- */

/* Puts text where the program will read it; false if there is no memory for it, and the peer must send it again.
 * Takes the packet if true. `held` tells that it is already counted. */
static bool append(struct tcp *tcp, struct packet *packet, bool held)
{
    struct packet *last = tcp->text_last;

    if (last && last->data + last->len + packet->len <= last->buffer + PACKET_SIZE) {
        memcpy(last->data + last->len, packet->data, packet->len);
        last->len += packet->len;
        tcp->unread += (uint32_t)packet->len;
        if (held)
            release(tcp, packet);
        else
            packet_free(packet);
        return true;
    }
    if (!held) {
        if (!may_hold(tcp, tcp_packets_many))
            return false;
        tcp->held++;
        tcp_packets++;
    }
    packet->next = 0;
    *(last ? &last->next : &tcp->text_first) = packet;
    tcp->text_last = packet;
    tcp->unread += (uint32_t)packet->len;
    return true;
}

/* ---- too early ------------------------------------------------------------ */

/* Keeps a segment for when its turn comes. What overlaps is sorted out then. */
static void keep(struct tcp *tcp, struct tcp_segment *segment)
{
    struct packet **link = &tcp->early;

    while (*link && seq_before(early_of(*link)->seq, segment->seq))
        link = &(*link)->next;
    bool again = *link && early_of(*link)->seq == segment->seq && (*link)->len >= segment->packet->len;
    if (again || tcp->held >= MOST_EARLY || !may_hold(tcp, tcp_packets_many / 2))
        return;
    tcp->held++;
    tcp_packets++;
    struct packet *packet = segment->packet;
    segment->packet = 0;
    *early_of(packet) = (struct early){segment->seq, segment->flags & TCP_FIN};
    packet->next = *link;
    *link = packet;
}

/* Moves what has its turn now behind the text; true if the FIN is among it. */
static bool catch_up(struct tcp *tcp)
{
    struct packet *packet;
    bool fin = false;

    while ((packet = tcp->early) && seq_at_most(early_of(packet)->seq, tcp->rcv_nxt)) {
        struct early early = *early_of(packet);
        uint32_t known = tcp->rcv_nxt - early.seq, len = (uint32_t)packet->len;

        tcp->early = packet->next;
        if (known > len || (known == len && !early.fin)) {
            release(tcp, packet);
            continue;
        }
        fin = early.fin;
        packet->data += known;
        packet->len -= known;
        tcp->rcv_nxt += len - known;
        if (tcp->reading_over || !packet->len)
            release(tcp, packet);
        else
            append(tcp, packet, true);
    }
    return fin;
}

static void clear_early(struct tcp *tcp)
{
    while (tcp->early) {
        struct packet *packet = tcp->early;

        tcp->early = packet->next;
        release(tcp, packet);
    }
}

bool tcp_take_text(struct tcp *tcp, struct tcp_segment *segment)
{
    uint32_t len = (uint32_t)segment->packet->len;
    bool fin = segment->flags & TCP_FIN;

    if (segment->seq != tcp->rcv_nxt) {
        keep(tcp, segment);
        tcp->ack_now = true; /* RFC 5681, section 4.2: so the peer sees a gap */
        return false;
    }
    if (len && !tcp->reading_over) {
        if (!append(tcp, segment->packet, false)) {
            net_counters.full++;
            return false;
        }
        segment->packet = 0;
        tcp->notify = true;
    }
    tcp->rcv_nxt += len;
    if (tcp->early && !fin) {
        tcp->ack_now = true; /* section 4.2 again: at once when a gap is filled */
        fin = catch_up(tcp);
    }
    if (fin)
        clear_early(tcp);
    return fin;
}

/* ---- for the program ------------------------------------------------------ */

uint32_t tcp_window(const struct tcp *tcp)
{
    uint32_t told = tcp->rcv_edge - tcp->rcv_nxt;
    uint32_t room = tcp->options.receive_size > tcp->unread ? tcp->options.receive_size - tcp->unread : 0;
    uint32_t half = tcp->options.receive_size / 2;

    /* No silly window (RFC 9293, section 3.8.6.2.2): it opens by a worthwhile step or not at all. It never shrinks. */
    return room >= told + (half < tcp->mss ? half : tcp->mss) ? room : told;
}

long tcp_receive(struct tcp *tcp, void *bytes, size_t len, bool peek)
{
    struct packet *packet = tcp->text_first;
    size_t n = 0;

    if (!packet) {
        if (tcp->error)
            return tcp_take_error(tcp);
        if (!tcp->pair.remote.port)
            return -ENOTCONN;
        bool over = tcp->fin_received || tcp->reading_over || tcp->state == TCPS_CLOSED;
        return over || !len ? 0 : -EAGAIN;
    }
    while (packet && n < len) {
        size_t part = packet->len < len - n ? packet->len : len - n;

        memcpy((char *)bytes + n, packet->data, part);
        n += part;
        if (peek) {
            packet = packet->next;
            continue;
        }
        packet->data += part;
        packet->len -= part;
        if (!packet->len) {
            tcp->text_first = packet->next;
            release(tcp, packet);
            packet = tcp->text_first;
        }
    }
    if (peek)
        return (long)n;
    if (!tcp->text_first)
        tcp->text_last = 0;
    tcp->unread -= (uint32_t)n;
    /* Tell the peer when the window has become much larger, by two segments or half of it. */
    uint32_t half = tcp->options.receive_size / 2, opened = tcp_window(tcp) - (tcp->rcv_edge - tcp->rcv_nxt);
    if (tcp->in_table && !tcp->fin_received && opened >= (half < 2 * TCP_MSS ? half : 2 * TCP_MSS))
        tcp_send_ack(tcp);
    return (long)n;
}

void tcp_receive_clear(struct tcp *tcp)
{
    while (tcp->text_first) {
        struct packet *packet = tcp->text_first;

        tcp->text_first = packet->next;
        release(tcp, packet);
    }
    tcp->text_last = 0;
    tcp->unread = 0;
    clear_early(tcp);
}
