/* SPDX-License-Identifier: MIT */
/*
 * net_fuzz.c: frames that nobody would send.
 *
 * It begins with frames of real conversations and changes them at random: bits,
 * lengths, pieces of one in another (fuzz.h). Most get right checksums again, and
 * numbers near those of a connection that is open, so that they are not all dropped
 * at the door. Meanwhile programs open, use and close connections.
 *
 * The sanitizers find what touches memory that it should not. Now and then, and at the
 * end: a stranger is still served, and everything was given back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "fuzz.h"
#include "ipv4.h"
#include "peer.h"
#include "tcp_connection.h"
#include "udp.h"
#include "world.h"

enum { LONGEST = 1514, STREAMS = 32 };

/* ---- conversations -------------------------------------------------------- */

static struct tcp *listener, *streams[STREAMS];
static struct udp *udp;

/* From beginning to end, as an honest peer has it. */
static void converse(void)
{
    static const uint8_t options[] = {2, 4, 5, 180, 1, 3, 3, 2};
    char buf[100];
    int error;

    peer_reset();
    peer_port = htobe16((uint16_t)(1024 + random_number() % 60000));
    say_with(TCP_SYN, 0, 0, "", 0, options, sizeof options);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    say(TCP_ACK, 1, 1, "question", 8);
    struct tcp *tcp = 0;
    /* Others may wait, too. */
    while ((tcp = tcp_accept(listener, &error)) && tcp_remote(tcp).port != peer_port)
        tcp_abort(tcp);
    CHECK(tcp);
    peer_reset();
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 8 && memcmp(buf, "question", 8) == 0);
    CHECK(tcp_send(tcp, "answer", 6, false) == 6);
    peer_port = tcp_remote(tcp).port;
    struct sent sent;
    while (next_sent(&sent) && sent.len != 6)
        ;
    CHECK(sent.len == 6 && memcmp(sent.text, "answer", 6) == 0);
    our_iss = tcp->iss;
    say(TCP_ACK, 9, 7, 0, 0);
    tcp_close(tcp);
    say(TCP_FIN | TCP_ACK, 9, 8, 0, 0);
    peer_reset();
}

/* What an honest peer sends, for a beginning: all kinds of frames. */
static void collect(void)
{
    uint8_t echo[64] = {ICMP_ECHO}, unreachable[36] = {ICMP_UNREACHABLE, ICMP_PORT};
    struct ipv4_header quoted = {
        .version_length = 0x45, .protocol = PROTOCOL_TCP, .source = OUR_ADDRESS, .destination = PEER_ADDRESS};

    on_deliver = fuzz_keep;
    converse();
    send_udp(PEER_PORT, WIRE16(53), "question", 8);
    send_ip(PROTOCOL_ICMP, echo, sizeof echo);
    memcpy(unreachable + 8, &quoted, sizeof quoted);
    send_ip(PROTOCOL_ICMP, unreachable, sizeof unreachable);
    struct tcp *tcp = tcp_open();
    tcp_connect(tcp, (struct endpoint){PEER_ADDRESS, PEER_PORT});
    pass(0);
    say(TCP_SYN | TCP_ACK, 0, 1, 0, 0);
    say(TCP_ACK, 1001, 1, "early", 5);
    say(TCP_RST, 1, 0, 0, 0);
    tcp_close(tcp);
    on_deliver = 0;
}

/* What programs do meanwhile. */
static void use(void)
{
    struct tcp **stream = &streams[random_number() % STREAMS];
    static char buf[20000];
    struct iovec vec = {buf, 10};
    int error;

    switch (random_number() % 8) {
    case 0:
        if (!*stream)
            *stream = tcp_accept(listener, &error);
        break;
    case 1:
        if (!*stream && (*stream = tcp_open()))
            tcp_connect(*stream, (struct endpoint){PEER_ADDRESS, PEER_PORT});
        break;
    case 2:
        if (*stream)
            tcp_send(*stream, buf, random_number() % sizeof buf, chance(10));
        break;
    case 3:
    case 4:
        if (*stream)
            tcp_receive(*stream, buf, random_number() % sizeof buf, chance(10));
        break;
    case 5:
        if (*stream)
            tcp_shutdown(*stream, chance(20), chance(50));
        break;
    case 6:
        if (*stream)
            (chance(80) ? tcp_close : tcp_abort)(*stream);
        *stream = 0;
        break;
    default:
        while (udp_receive(udp, &vec, 1, 0, false) != -EAGAIN)
            ;
        break;
    }
}

/* ---- changing frames ------------------------------------------------------ */

static uint8_t frame[LONGEST];
static size_t frame_len;

/* Gives a TCP segment the ports and numbers of something that is in the table. */
static void aim(struct tcp_header *header, struct ipv4_header *ip)
{
    struct tcp *target = tcp_all;

    for (unsigned skip = random_number() % 8; target && target->next && skip; skip--)
        target = target->next;
    if (!target)
        return;
    ip->source = target->pair.remote.address;
    ip->destination = target->pair.local.address;
    header->source = target->pair.remote.port;
    header->destination = target->pair.local.port;
    if (chance(80))
        header->seq = htobe32(target->rcv_nxt + (chance(50) ? 0 : random_number() % 5000 - 1000));
    uint32_t flight = target->snd_max - target->snd_una;
    if (chance(80))
        header->ack = htobe32(target->snd_una + (chance(50) ? 0 : random_number() % (flight + 2)));
    if (chance(80))
        header->flags |= TCP_ACK;
}

/* Makes lengths and checksums right, as far as the frame is long enough for any. */
static void put_right(void)
{
    struct ipv4_header *ip = (void *)(frame + 14);
    struct ethernet_header *ethernet = (void *)frame;

    if (frame_len < 34 || ethernet->type != ETHERTYPE_IPV4)
        return;
    size_t header = chance(95) ? 20 : (size_t)(ip->version_length & 15) * 4, behind = frame_len - 14 - header;
    if (header < 20 || 14 + header > frame_len)
        return;
    ip->version_length = (uint8_t)(0x40 | header / 4);
    if (chance(90))
        ip->fragment = 0;
    if (chance(90)) {
        memcpy(ethernet->to, our_card, 6);
        ip->destination = OUR_ADDRESS;
    }
    ip->length = htobe16((uint16_t)(frame_len - 14));
    uint8_t *payload = frame + 14 + header;
    if (ip->protocol == PROTOCOL_TCP && behind >= 20) {
        struct tcp_header *tcp = (void *)payload;

        if (chance(70))
            aim(tcp, ip);
        if (chance(80) && (size_t)(tcp->offset >> 4) * 4 > behind)
            tcp->offset = 0x50;
        tcp->checksum = 0;
        uint64_t sum = checksum_pseudo(0, ip->source, ip->destination, PROTOCOL_TCP, behind);
        tcp->checksum = checksum_fold(checksum_add(sum, payload, behind));
    } else if (ip->protocol == PROTOCOL_UDP && behind >= 8) {
        struct udp_header *udp_header = (void *)payload;

        udp_header->length = htobe16((uint16_t)behind);
        udp_header->checksum = 0;
    } else if (ip->protocol == PROTOCOL_ICMP && behind >= 8) {
        struct icmp_header *icmp = (void *)payload;

        icmp->checksum = 0;
        icmp->checksum = checksum_fold(checksum_add(0, payload, behind));
    }
    ip->checksum = 0;
    ip->checksum = checksum_fold(checksum_add(0, ip, header));
}

static void fuzz(unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        const struct fuzz_input *from = fuzz_any();
        unsigned before = fuzz_ways;

        frame_len = from->len;
        memcpy(frame, from->bytes, from->len);
        do
            frame_len = fuzz_change(frame, frame_len, LONGEST);
        while (chance(60));
        if (chance(85))
            put_right();
        at_end = chance(50);
        deliver(frame, frame_len);
        at_end = false;
        if (fuzz_ways != before)
            fuzz_keep(frame, frame_len);
        pass(chance(90) ? random_number() % (1 * MS) : random_number() % (2 * SECONDS));
        use();
        if (n % 1000 == 999) {
            pass(300 * SECONDS); /* the table of half-open ones is as full as it may be */
            converse();
        }
        peer_reset();
    }
}

int main(int argc, char **argv)
{
    unsigned count = soak() ? 200000 : 20000;

    /* Other numbers are another run. */
    if (argc > 1)
        random_state = strtoull(argv[1], 0, 0);
    start_world();
    peer_init();
    listener = listen_here(20);
    udp = udp_open();
    CHECK(udp_bind(udp, (struct endpoint){0, WIRE16(53)}, false) == 0);
    collect();
    unsigned began = fuzz_kept;
    fuzz(count);
    for (int i = 0; i < STREAMS; i++)
        if (streams[i])
            tcp_close(streams[i]);
    tcp_close(listener);
    udp_close(udp);
    pass(2000 * SECONDS);
    CHECK(tcp_connections == 0 && tcp_packets == 0 && packets_held == 0 && objects_held == 0);
    printf("%u frames; %u ways through the code; %u frames kept beside the first %u\n", count, fuzz_ways,
           fuzz_kept - began, began);
    printf("dropped: malformed %u, checksum %u, fragments %u, not ours %u, no protocol %u, no port %u, full %u\n",
           net_counters.malformed, net_counters.checksum, net_counters.fragments, net_counters.not_ours,
           net_counters.no_protocol, net_counters.no_port, net_counters.full);
}
