/* SPDX-License-Identifier: MIT */
/*
 * tcp_send.c: bytes that a program has written and the peer has not acknowledged.
 *
 * They are kept in packets, each filled before the next is taken, so that many
 * small writes need no more memory than one large one. A segment is copied out of
 * them, which costs nothing extra: its checksum needs every byte anyway.
 */
#include <errno.h>
#include <string.h>

#include "checksum.h"
#include "tcp_connection.h"

unsigned tcp_packets, tcp_packets_many, tcp_packets_most;

/* A packet to put bytes into: the last if it has room. Every connection may have one; more only while there are enough
 * for others. */
static struct packet *with_room(struct tcp *tcp)
{
    struct packet *last = tcp->send_last;

    if (last && last->data + last->len < last->buffer + PACKET_SIZE)
        return last;
    if (tcp_packets >= (last ? tcp_packets_many : tcp_packets_most))
        return 0;
    struct packet *packet = packet_alloc();
    if (!packet)
        return 0;
    tcp_packets++;
    packet->data = packet->buffer;
    packet->next = 0;
    *(last ? &last->next : &tcp->send_first) = packet;
    return tcp->send_last = packet;
}

static uint32_t append(struct tcp *tcp, const uint8_t *bytes, uint32_t len)
{
    uint32_t taken = 0;

    while (taken < len) {
        struct packet *packet = with_room(tcp);

        if (!packet)
            break;
        uint32_t room = (uint32_t)(packet->buffer + PACKET_SIZE - (packet->data + packet->len));
        uint32_t part = room < len - taken ? room : len - taken;
        memcpy(packet->data + packet->len, bytes + taken, part);
        packet->len += part;
        taken += part;
    }
    tcp->buffered += taken;
    return taken;
}

long tcp_send(struct tcp *tcp, const void *bytes, size_t len, bool more)
{
    if (tcp->error)
        return tcp_take_error(tcp);
    switch (tcp->state) {
    case TCPS_SYN_SENT:
    case TCPS_SYN_RECEIVED:
        return -EAGAIN;
    case TCPS_ESTABLISHED:
    case TCPS_CLOSE_WAIT:
        break;
    default:
        return tcp->pair.remote.port ? -EPIPE : -ENOTCONN;
    }
    if (!len)
        return 0;
    uint32_t room = tcp->options.send_size > tcp->buffered ? tcp->options.send_size - tcp->buffered : 0;
    uint32_t taken = append(tcp, bytes, len < room ? (uint32_t)len : room);
    if (!taken)
        return tcp->buffered ? -EAGAIN : -ENOBUFS;
    tcp->more = more;
    tcp_output(tcp);
    return taken;
}

void tcp_drop_acknowledged(struct tcp *tcp, uint32_t count)
{
    tcp->buffered -= count;
    while (count) {
        struct packet *packet = tcp->send_first;
        uint32_t part = packet->len < count ? (uint32_t)packet->len : count;

        packet->data += part;
        packet->len -= part;
        count -= part;
        if (packet->len)
            break;
        tcp->send_first = packet->next;
        packet_free(packet);
        tcp_packets--;
    }
    if (!tcp->send_first)
        tcp->send_last = 0;
}

uint64_t tcp_copy_buffered(const struct tcp *tcp, uint32_t from, void *to, uint32_t len)
{
    const struct packet *packet = tcp->send_first;
    uint64_t sum = 0;

    while (from >= packet->len) {
        from -= packet->len;
        packet = packet->next;
    }
    for (uint32_t copied = 0; copied < len; packet = packet->next, from = 0) {
        uint32_t part = (uint32_t)packet->len - from;

        if (part > len - copied)
            part = len - copied;
        uint64_t its = checksum_copy(0, (char *)to + copied, packet->data + from, part);
        /* A piece that begins at an odd place has its bytes on the other side of each pair (RFC 1071, section 2B). */
        sum += copied & 1 ? (uint64_t)__builtin_bswap16((uint16_t)~checksum_fold(its)) : its;
        copied += part;
    }
    return sum;
}
