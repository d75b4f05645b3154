/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "tcp.h"
#include "world.h"

static const uint8_t peer_card[6] = {0x52, 0x54, 0, 0x65, 0x43, 0x21};

struct noted {
    struct noted *next;
    struct sent sent;
};

static struct noted *first, *last;
bool peer_answers_arp;
uint16_t our_port, peer_port, peer_window = 65535;
uint32_t our_iss;

/* ---- what the stack sends ------------------------------------------------- */

static void answer_arp(const struct arp_message *request)
{
    uint8_t reply[14 + sizeof *request];
    struct ethernet_header *ethernet = (void *)reply;
    struct arp_message *message = (void *)(reply + 14);

    if (request->operation != WIRE16(1) || request->target_address == OUR_ADDRESS)
        return;
    memcpy(ethernet->to, our_card, 6);
    memcpy(ethernet->from, peer_card, 6);
    ethernet->type = ETHERTYPE_ARP;
    *message = *request;
    message->operation = WIRE16(2);
    memcpy(message->sender, peer_card, 6);
    message->sender_address = request->target_address;
    memcpy(message->target, our_card, 6);
    message->target_address = OUR_ADDRESS;
    deliver_after(0, reply, sizeof reply);
}

static void read_options(struct sent *sent, const uint8_t *at, const uint8_t *end)
{
    for (; at < end; at += *at == 1 ? 1 : at[1]) {
        if (*at == 2)
            sent->mss = at[2] << 8 | at[3];
        if (*at == 3)
            sent->scale = at[2];
    }
}

static void read_tcp(struct sent *sent, const struct ipv4_header *ip, size_t len)
{
    const struct tcp_header *tcp = (const void *)(ip + 1);
    size_t header = (size_t)(tcp->offset >> 4) * 4;
    uint64_t sum = checksum_pseudo(0, ip->source, ip->destination, PROTOCOL_TCP, len);

    CHECK(header >= sizeof *tcp && header <= len);
    CHECK(checksum_fold(checksum_add(sum, tcp, len)) == 0);
    sent->source_port = tcp->source;
    sent->destination_port = tcp->destination;
    sent->flags = tcp->flags;
    sent->window = be16toh(tcp->window);
    read_options(sent, (const uint8_t *)(tcp + 1), (const uint8_t *)tcp + header);
    if (tcp->flags & TCP_SYN) {
        our_iss = be32toh(tcp->seq);
        our_port = tcp->source;
    }
    /* Those without a connection have numbers that count from nothing, but the test knows which. */
    sent->seq = be32toh(tcp->seq) - our_iss;
    sent->ack = be32toh(tcp->ack) - PEER_ISS;
    sent->len = len - header;
    memcpy(sent->text, (const uint8_t *)tcp + header, sent->len);
}

static void take_down(const uint8_t *frame, size_t len)
{
    const struct ethernet_header *ethernet = (const void *)frame;
    const struct ipv4_header *ip = (const void *)(frame + 14);
    struct sent sent = {.mss = -1, .scale = -1};

    CHECK(len >= 14 + 20 && len <= 1514 && memcmp(ethernet->from, our_card, 6) == 0);
    if (ethernet->type == ETHERTYPE_ARP) {
        const struct arp_message *message = (const void *)(frame + 14);

        if (peer_answers_arp) {
            answer_arp(message);
            return;
        }
        sent.destination = message->target_address;
        sent.flags = (uint8_t)be16toh(message->operation);
    } else {
        CHECK(ethernet->type == ETHERTYPE_IPV4 && be16toh(ip->length) == len - 14);
        CHECK(checksum_fold(checksum_add(0, ip, 20)) == 0);
        size_t behind = len - 34;
        sent.protocol = ip->protocol;
        sent.destination = ip->destination;
        if (ip->protocol == PROTOCOL_TCP) {
            read_tcp(&sent, ip, behind);
        } else {
            size_t header = 8;

            memcpy(&sent.source_port, ip + 1, 2);
            memcpy(&sent.destination_port, (const uint8_t *)(ip + 1) + 2, 2);
            if (ip->protocol == PROTOCOL_ICMP)
                header = 0;
            sent.len = behind - header;
            memcpy(sent.text, (const uint8_t *)(ip + 1) + header, sent.len);
        }
    }
    struct noted *noted = malloc(sizeof *noted);
    *noted = (struct noted){0, sent};
    *(first ? &last->next : &first) = noted;
    last = noted;
}

bool next_sent(struct sent *sent)
{
    struct noted *noted = first;

    if (!noted)
        return false;
    *sent = noted->sent;
    first = noted->next;
    free(noted);
    return true;
}

void peer_reset(void)
{
    struct sent sent;

    while (next_sent(&sent))
        ;
    our_port = PORT;
    peer_port = PEER_PORT;
    peer_window = 65535;
    our_iss = 0;
}

void peer_init(void)
{
    on_transmit = take_down;
    peer_answers_arp = true;
    peer_reset();
}

static void describe(const struct sent *sent)
{
    printf("  protocol %u flags %#x seq %u ack %u length %zu window %u\n", sent->protocol, sent->flags, sent->seq,
           sent->ack, sent->len, sent->window);
}

struct sent expect(const char *file, int line, uint8_t flags, uint32_t seq, uint32_t ack, size_t len)
{
    struct sent sent;

    pass(0);
    if (!next_sent(&sent))
        check_failed(file, line, "a segment was sent");
    /* Whether a segment is to be pushed is nothing that the peer minds. */
    bool right = sent.protocol == PROTOCOL_TCP && (sent.flags & ~TCP_PSH) == flags && sent.seq == seq &&
                 (!(flags & TCP_ACK) || sent.ack == ack) && sent.len == len;
    if (!right) {
        describe(&sent);
        check_failed(file, line, "it was the segment that was expected");
    }
    return sent;
}

void expect_nothing(const char *file, int line)
{
    struct sent sent;

    pass(0);
    if (next_sent(&sent)) {
        describe(&sent);
        check_failed(file, line, "nothing was sent");
    }
}

/* ---- what the peer sends -------------------------------------------------- */

void send_ip(uint8_t protocol, const void *bytes, size_t len)
{
    uint8_t frame[34 + 1500];
    struct ethernet_header *ethernet = (void *)frame;
    struct ipv4_header *ip = (void *)(frame + 14);

    memcpy(ethernet->to, our_card, 6);
    memcpy(ethernet->from, peer_card, 6);
    ethernet->type = ETHERTYPE_IPV4;
    *ip = (struct ipv4_header){.version_length = 0x45,
                               .length = htobe16((uint16_t)(20 + len)),
                               .ttl = 64,
                               .protocol = protocol,
                               .source = PEER_ADDRESS,
                               .destination = OUR_ADDRESS};
    ip->checksum = checksum_fold(checksum_add(0, ip, 20));
    memcpy(ip + 1, bytes, len);
    deliver(frame, 34 + len);
    pass(0);
}

void send_udp(uint16_t source, uint16_t destination, const void *bytes, size_t len)
{
    uint8_t datagram[1480];
    struct udp_header *udp = (void *)datagram;

    *udp = (struct udp_header){source, destination, htobe16((uint16_t)(8 + len)), 0};
    memcpy(udp + 1, bytes, len);
    uint64_t sum = checksum_pseudo(0, PEER_ADDRESS, OUR_ADDRESS, PROTOCOL_UDP, 8 + len);
    udp->checksum = checksum_fold(checksum_add(sum, datagram, 8 + len));
    send_ip(PROTOCOL_UDP, datagram, 8 + len);
}

void say_with(uint8_t flags, uint32_t seq, uint32_t ack, const void *text, size_t len, const uint8_t *options,
              size_t options_len)
{
    uint8_t segment[1480];
    struct tcp_header *tcp = (void *)segment;
    size_t header = 20 + options_len;

    *tcp = (struct tcp_header){.source = peer_port,
                               .destination = our_port,
                               .seq = htobe32(PEER_ISS + seq),
                               .ack = htobe32(flags & TCP_ACK ? our_iss + ack : 0),
                               .offset = (uint8_t)(header / 4 << 4),
                               .flags = flags,
                               .window = htobe16(peer_window)};
    memcpy(tcp + 1, options, options_len);
    memcpy(segment + header, text, len);
    uint64_t sum = checksum_pseudo(0, PEER_ADDRESS, OUR_ADDRESS, PROTOCOL_TCP, header + len);
    tcp->checksum = checksum_fold(checksum_add(sum, segment, header + len));
    send_ip(PROTOCOL_TCP, segment, header + len);
}

void say(uint8_t flags, uint32_t seq, uint32_t ack, const void *text, size_t len)
{
    say_with(flags, seq, ack, text ? text : "", len, (const uint8_t *)"", 0);
}

/* ---- beginnings ----------------------------------------------------------- */

struct tcp *listen_here(int backlog)
{
    struct tcp *listener = tcp_open();

    CHECK(listener && tcp_bind(listener, (struct endpoint){0, PORT}) == 0);
    CHECK(tcp_listen(listener, backlog) == 0);
    return listener;
}

struct tcp *opened_by_peer(struct tcp *listener)
{
    static const uint8_t mss[4] = {2, 4, 1000 >> 8, 1000 & 255};
    int error;

    say_with(TCP_SYN, 0, 0, "", 0, mss, sizeof mss);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    pass(1 * MS);
    say(TCP_ACK, 1, 1, 0, 0);
    EXPECT_NOTHING();
    struct tcp *tcp = tcp_accept(listener, &error);
    CHECK(tcp);
    return tcp;
}
