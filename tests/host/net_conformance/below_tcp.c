/* SPDX-License-Identifier: MIT */
/* below_tcp.c: ARP, IPv4, ICMP and UDP. */
#include "conformance.h"

#include "checksum.h"

static uint8_t frame[1514];

/* A frame to the card with an IPv4 header as good as can be, for tests to spoil. */
static struct ipv4_header *good_frame(uint8_t protocol, size_t len)
{
    struct ethernet_header *ethernet = (void *)frame;
    struct ipv4_header *ip = (void *)(frame + 14);

    memset(frame, 0, sizeof frame);
    memcpy(ethernet->to, our_card, 6);
    ethernet->type = ETHERTYPE_IPV4;
    *ip = (struct ipv4_header){.version_length = 0x45,
                               .length = htobe16((uint16_t)(20 + len)),
                               .ttl = 64,
                               .protocol = protocol,
                               .source = PEER_ADDRESS,
                               .destination = OUR_ADDRESS};
    return ip;
}

static void deliver_ip(struct ipv4_header *ip, size_t len)
{
    ip->checksum = 0;
    ip->checksum = checksum_fold(checksum_add(0, ip, 20));
    deliver(frame, 34 + len);
}

/* RFC 1071, section 1, in words of 16 bits. */
static uint16_t plain_checksum(const uint8_t *bytes, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += i & 1 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (sum >> 16)
        sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)~sum;
}

static void checksums(void)
{
    uint8_t bytes[200], copy[200];

    for (int round = 0; round < 2000; round++) {
        size_t start = random_number() % 8, len = random_number() % 150, first = random_number() % (len + 1) & ~1u;

        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = chance(30) ? 255 : (uint8_t)random_number();
        memset(copy, 0x55, sizeof copy);
        uint16_t right = plain_checksum(bytes + start, len);
        CHECK(checksum_fold(checksum_add(0, bytes + start, len)) == right);
        CHECK(checksum_fold(checksum_add(checksum_add(0, bytes + start, first), bytes + start + first,
                                         len - first)) == right);
        CHECK(checksum_fold(checksum_copy(0, copy, bytes + start, len)) == right);
        CHECK(memcmp(copy, bytes + start, len) == 0 && copy[len] == 0x55);
    }
}

static void ping(void)
{
    uint8_t message[8 + 56] = {ICMP_ECHO, 0, 0, 0, 0x12, 0x34, 0, 1, 'a', 'b', 'c'};
    uint16_t sum = checksum_fold(checksum_add(0, message, sizeof message));
    struct sent sent;

    memcpy(message + 2, &sum, 2);
    send_ip(PROTOCOL_ICMP, message, sizeof message);
    CHECK(next_sent(&sent) && sent.protocol == PROTOCOL_ICMP && sent.len == sizeof message);
    CHECK(sent.text[0] == ICMP_ECHO_REPLY && memcmp(sent.text + 4, message + 4, sizeof message - 4) == 0);
    CHECK(checksum_fold(checksum_add(0, sent.text, sent.len)) == 0);
    message[20] ^= 1;
    send_ip(PROTOCOL_ICMP, message, sizeof message);
    EXPECT_NOTHING();
}

/* A packet with anything wrong is counted and not answered: a datagram that is right would bring an error. */
static void wrong_packets(void)
{
    struct sent sent;
    struct ipv4_header *ip;
    uint32_t before;

#define WRONG(counter, change)                                                                                     \
    before = net_counters.counter;                                                                                 \
    ip = good_frame(PROTOCOL_UDP, 8);                                                                              \
    frame[39] = 8;                                                                                                 \
    change;                                                                                                        \
    deliver_ip(ip, 8);                                                                                             \
    EXPECT_NOTHING();                                                                                              \
    CHECK(net_counters.counter == before + 1)
    WRONG(malformed, ip->version_length = 0x65);
    WRONG(malformed, ip->version_length = 0x44);
    WRONG(malformed, ip->version_length = 0x4f);
    WRONG(malformed, ip->length = WIRE16(19));
    WRONG(malformed, ip->length = WIRE16(29));
    WRONG(malformed, ip->source = OUR_ADDRESS);
    WRONG(malformed, ip->source = WIRE32(0x0a0000ff));
    WRONG(malformed, ip->destination = WIRE32(0x7f000001));
    WRONG(fragments, ip->fragment = WIRE16(0x2000));
    WRONG(fragments, ip->fragment = WIRE16(0x0010));
    WRONG(not_ours, ip->destination = WIRE32(0x0a000009));
    WRONG(not_ours, frame[0] = 0x54);
    WRONG(not_ours, memset(frame, 255, 6));
    WRONG(no_protocol, frame[12] = 0x86);
    WRONG(malformed, frame[39] = 7);
    WRONG(malformed, frame[39] = 9);
    WRONG(checksum, frame[41] = 9);
    before = net_counters.checksum;
    ip = good_frame(PROTOCOL_UDP, 8);
    deliver(frame, 42); /* without a checksum of its header */
    EXPECT_NOTHING();
    CHECK(net_counters.checksum == before + 1);
    for (size_t len = 0; len < 34; len++) {
        good_frame(PROTOCOL_UDP, 8);
        deliver(frame, len);
    }
    EXPECT_NOTHING();
    /* And now a right one, then a protocol that nobody knows (RFC 1122, section 3.2.2.1). */
    ip = good_frame(PROTOCOL_UDP, 8);
    frame[39] = 8;
    deliver_ip(ip, 8);
    CHECK(next_sent(&sent) && sent.text[0] == ICMP_UNREACHABLE && sent.text[1] == ICMP_PORT);
    CHECK(memcmp(sent.text + 8, ip, 28) == 0);
    deliver_ip(good_frame(99, 8), 8);
    CHECK(next_sent(&sent) && sent.text[0] == ICMP_UNREACHABLE && sent.text[1] == ICMP_PROTOCOL);
    /* Options are skipped: a header of 24 bytes. */
    ip = good_frame(PROTOCOL_UDP, 12);
    ip->version_length = 0x46;
    frame[43] = 8;
    ip->checksum = checksum_fold(checksum_add(0, ip, 24));
    deliver(frame, 46);
    CHECK(next_sent(&sent) && sent.text[1] == ICMP_PORT);
    /* Errors are limited. */
    unsigned errors = 0;
    for (int i = 0; i < 1000; i++)
        send_udp(PEER_PORT, PORT, "x", 1);
    while (next_sent(&sent))
        errors++;
    CHECK(errors <= 100);
    pass(1 * SECONDS);
}

static unsigned told;

static void changed(struct udp *udp)
{
    (void)udp;
    told++;
}

static void datagrams(void)
{
    struct udp *udp = udp_open(), *other = udp_open();
    struct endpoint from, peer = {PEER_ADDRESS, PEER_PORT};
    char buf[100];
    struct iovec two[2] = {{buf, 3}, {buf + 3, sizeof buf - 3}}, one = {buf, 4}, huge = {frame, 1473};
    struct sent sent;

    udp->changed = changed;
    CHECK(udp_bind(udp, (struct endpoint){0, WIRE16(53)}, false) == 0);
    CHECK(udp_bind(other, (struct endpoint){OUR_ADDRESS, WIRE16(53)}, false) == -EADDRINUSE);
    CHECK(udp_bind(other, (struct endpoint){PEER_ADDRESS, 0}, false) == -EADDRNOTAVAIL);
    CHECK(udp_receive(udp, two, 2, &from, false) == -EAGAIN && udp_ready(udp) == POLLOUT);
    send_udp(PEER_PORT, WIRE16(53), "question", 8);
    CHECK(told == 1 && udp_ready(udp) == (POLLIN | POLLOUT));
    CHECK(udp_receive(udp, &one, 1, 0, true) == 8 && memcmp(buf, "ques", 4) == 0);
    CHECK(udp_receive(udp, two, 2, &from, false) == 8 && memcmp(buf, "question", 8) == 0);
    CHECK(from.address == PEER_ADDRESS && from.port == PEER_PORT);
    CHECK(udp_send(udp, two, 1, 0) == -EDESTADDRREQ && udp_send(udp, &huge, 1, &peer) == -EMSGSIZE);
    CHECK(udp_send(udp, two, 1, &(struct endpoint){WIRE32(0xffffffff), PORT}) == -EACCES);
    CHECK(udp_send(udp, &one, 1, &peer) == 4);
    CHECK(next_sent(&sent) && sent.protocol == PROTOCOL_UDP && sent.len == 4 && sent.destination_port == PEER_PORT);
    CHECK(sent.source_port == WIRE16(53));
    /* An error is heard by who is connected. */
    struct sent error;
    CHECK(udp_connect(other, peer) == 0 && udp_send(other, &one, 1, 0) == 4 && next_sent(&error));
    uint8_t message[8 + 28] = {ICMP_UNREACHABLE, ICMP_PORT};
    struct ipv4_header *quoted = (void *)(message + 8);
    *quoted = (struct ipv4_header){
        .version_length = 0x45, .protocol = PROTOCOL_UDP, .source = OUR_ADDRESS, .destination = PEER_ADDRESS};
    memcpy(message + 28, &error.source_port, 2);
    memcpy(message + 30, &error.destination_port, 2);
    uint16_t sum = checksum_fold(checksum_add(0, message, sizeof message));
    memcpy(message + 2, &sum, 2);
    send_ip(PROTOCOL_ICMP, message, sizeof message);
    CHECK(udp_ready(other) & POLLERR && udp_receive(other, &one, 1, 0, false) == -ECONNREFUSED);
    CHECK(udp_receive(other, &one, 1, 0, false) == -EAGAIN && !udp->error);
    /* So many wait, and no more. */
    for (int i = 0; i < 100; i++)
        send_udp(PEER_PORT, WIRE16(53), "x", 1);
    CHECK(udp->queued == 64 && packets_held == 64);
    udp_close(udp);
    udp_close(other);
    CHECK(packets_held == 0 && objects_held == 0);
}

/* A neighbour that does not answer: three questions, a few packets kept, and then nothing is. */
static void silent_neighbour(void)
{
    struct udp *udp = udp_open();
    struct iovec one = {frame, 4};
    struct endpoint far = {WIRE32(0x0a000063), PORT};
    struct sent sent;

    peer_answers_arp = false;
    for (int i = 0; i < 10; i++)
        CHECK(udp_send(udp, &one, 1, &far) == 4);
    CHECK(packets_held == 4);
    for (int i = 0; i < 3; i++) {
        pass(i ? 1 * SECONDS : 0);
        CHECK(next_sent(&sent) && sent.protocol == 0 && sent.destination == far.address);
        EXPECT_NOTHING();
    }
    pass(1 * SECONDS);
    CHECK(packets_held == 0);
    peer_answers_arp = true;
    for (int i = 0; i < 2; i++)
        CHECK(udp_send(udp, &one, 1, &far) == 4);
    pass(0);
    for (int i = 0; i < 2; i++)
        CHECK(next_sent(&sent) && sent.destination == far.address && sent.protocol == PROTOCOL_UDP);
    /* Elsewhere by the gateway; the address is still the other's. */
    struct endpoint elsewhere = {WIRE32(0x08080808), PORT};
    CHECK(udp_send(udp, &one, 1, &elsewhere) == 4);
    pass(0);
    CHECK(next_sent(&sent) && sent.destination == elsewhere.address);
    udp_close(udp);
}

/* How often the stack asked for an address since this was asked last. */
static unsigned asked_for(uint32_t address)
{
    struct sent sent;
    unsigned times = 0;

    while (next_sent(&sent))
        times += sent.protocol == 0 && sent.destination == address;
    return times;
}

/* What is known of a neighbour is asked again after ten minutes, if anybody used it; and used meanwhile. */
static void old_neighbour(void)
{
    struct udp *udp = udp_open();
    struct iovec one = {frame, 4};
    struct endpoint peer = {WIRE32(0x0a000044), PEER_PORT};
    struct sent sent;

    CHECK(udp_send(udp, &one, 1, &peer) == 4);
    pass(1 * SECONDS);
    CHECK(udp_send(udp, &one, 1, &peer) == 4);
    CHECK(next_sent(&sent) && next_sent(&sent) && sent.protocol == PROTOCOL_UDP);
    peer_answers_arp = false;
    pass(600 * SECONDS);
    CHECK(asked_for(peer.address) == 2);
    CHECK(udp_send(udp, &one, 1, &peer) == 4);
    CHECK(next_sent(&sent) && sent.protocol == PROTOCOL_UDP);
    pass(10 * SECONDS);
    CHECK(asked_for(peer.address) == 1);
    peer_answers_arp = true;
    CHECK(udp_send(udp, &one, 1, &peer) == 4);
    pass(1 * SECONDS);
    CHECK(next_sent(&sent) && sent.protocol == PROTOCOL_UDP);
    peer_answers_arp = false;
    pass(700 * SECONDS); /* it was not used since it answered */
    CHECK(asked_for(peer.address) == 0);
    CHECK(udp_send(udp, &one, 1, &peer) == 4 && asked_for(peer.address) == 1);
    pass(10 * SECONDS);
    peer_answers_arp = true;
    udp_close(udp);
    asked_for(peer.address);
}

/* What others tell that nobody asked for makes no entry, and changes nothing that it should not. */
static void arp_lies(void)
{
    struct ethernet_header *ethernet = (void *)frame;
    struct arp_message *message = (void *)(frame + 14);
    struct sent sent;

    peer_answers_arp = false;
    memset(frame, 0, sizeof frame);
    memset(ethernet->to, 255, 6);
    ethernet->type = ETHERTYPE_ARP;
    *message = (struct arp_message){WIRE16(1),          ETHERTYPE_IPV4,     6,   4,          WIRE16(1),
                                    {2, 3, 4, 5, 6, 7}, WIRE32(0x0a000077), {0}, OUR_ADDRESS};
    deliver(frame, 42);
    CHECK(next_sent(&sent) && sent.protocol == 0 && sent.flags == 2 && sent.destination == WIRE32(0x0a000077));
    message->sender_address = OUR_ADDRESS;
    deliver(frame, 42);
    message->sender_address = WIRE32(0x0b000001);
    deliver(frame, 42);
    message->sender_address = WIRE32(0x0a000077);
    message->sender[0] = 255;
    deliver(frame, 42);
    for (size_t len = 14; len < 42; len++)
        deliver(frame, len);
    EXPECT_NOTHING();
    peer_answers_arp = true;
}

void test_below_tcp(void)
{
    checksums();
    ping();
    wrong_packets();
    datagrams();
    silent_neighbour();
    old_neighbour();
    arp_lies();
    all_gone();
}
