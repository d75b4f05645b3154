/* SPDX-License-Identifier: MIT */
/*
 * tcp_input.c: what comes from the network, and whom it is for.
 */
#include <errno.h>

#include "checksum.h"
#include "tcp_connection.h"

enum { OPTION_END = 0, OPTION_NOTHING = 1, OPTION_MSS = 2, OPTION_SCALE = 3 };

/* Options matter in a SYN only. One with a wrong length ends the list (RFC 9293, section 3.1). */
static void read_options(struct tcp_segment *segment, const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at != OPTION_END) {
        if (*at == OPTION_NOTHING) {
            at++;
            continue;
        }
        if (end - at < 2 || at[1] < 2 || at[1] > end - at)
            return;
        if (at[0] == OPTION_MSS && at[1] == 4)
            segment->mss = (uint16_t)(at[2] << 8 | at[3]);
        if (at[0] == OPTION_SCALE && at[1] == 3)
            segment->scale = (int8_t)(at[2] > 14 ? 14 : at[2]);
        at += at[1];
    }
}

/* Reads the header and takes it off; false if it is wrong. */
static bool parse(struct tcp_segment *segment, struct packet *packet, const struct ipv4_header *ip)
{
    const struct tcp_header *header = (const void *)packet->data;
    size_t length = packet->len < TCP_HEADER ? 0 : (size_t)(header->offset >> 4) * 4;

    if (length < TCP_HEADER || length > packet->len) {
        net_counters.malformed++;
        return false;
    }
    uint64_t sum = checksum_pseudo(0, ip->source, ip->destination, PROTOCOL_TCP, packet->len);
    if (checksum_fold(checksum_add(sum, header, packet->len)) != 0) {
        net_counters.checksum++;
        return false;
    }
    *segment = (struct tcp_segment){.packet = packet,
                                    .local = {ip->destination, header->destination},
                                    .remote = {ip->source, header->source},
                                    .seq = be32toh(header->seq),
                                    .ack = be32toh(header->ack),
                                    .window = be16toh(header->window),
                                    .flags = header->flags,
                                    .scale = -1};
    if (header->flags & TCP_SYN)
        read_options(segment, packet->data + TCP_HEADER, packet->data + length);
    packet->data += length;
    packet->len -= length;
    return true;
}

static void find_listener(struct tcp_segment *segment)
{
    struct tcp *listener = tcp_listener_find(segment->local);

    if (listener) {
        tcp_listen_arrival(listener, segment);
    } else {
        net_counters.no_port++;
        tcp_refuse(segment);
    }
}

void tcp_input(struct packet *packet, const struct ipv4_header *ip)
{
    struct tcp_segment segment;

    /* RFC 9293, section 3.10.7.2 and RFC 1122, section 4.2.3.10: never to or from several. */
    if (!ipv4_is_ours(ip->destination) || !ip->source || !parse(&segment, packet, ip)) {
        packet_free(packet);
        return;
    }
    struct tcp_pair *pair = tcp_table_find(segment.local, segment.remote);
    if (!pair)
        find_listener(&segment);
    else if (pair->kind == PAIR_CONNECTION)
        tcp_arrival((struct tcp *)pair, &segment);
    else if (pair->kind == PAIR_HALF_OPEN)
        tcp_half_open_arrival(pair, &segment);
    else if (tcp_time_wait_arrival(pair, &segment))
        find_listener(&segment);
    if (segment.packet)
        packet_free(segment.packet);
}

/* An ICMP error is a hint, not a proof: anybody can send one. It ends an attempt to connect that cannot succeed, and
 * otherwise only says why, should nothing arrive for long (RFC 9293, section 3.9.2.2; RFC 5927, section 4). */
void tcp_failed(const struct ipv4_header *ip, const void *start, int error)
{
    const struct tcp_header *header = start; /* of which only ports and seq are there */
    struct endpoint local = {ip->source, header->source}, remote = {ip->destination, header->destination};
    struct tcp_pair *pair = tcp_table_find(local, remote);
    struct tcp *tcp = (struct tcp *)pair;
    uint32_t seq = be32toh(header->seq);

    if (!pair || pair->kind != PAIR_CONNECTION || seq_before(seq, tcp->snd_una) || !seq_before(seq, tcp->snd_max))
        return;
    tcp->soft_error = error;
    if (tcp->state == TCPS_SYN_SENT && error == -ECONNREFUSED)
        tcp_end(tcp, error);
    tcp_settle(tcp);
}
