/* SPDX-License-Identifier: MIT */
/*
 * net_dhcp.c: getting an address, keeping it and losing it (RFC 2131, figure 5).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "ipv4.h"
#include "net.h"
#include "wire.h"
#include "world.h"

enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5, NAK = 6, BOOTP = 240, LEASE = 1000 };
enum { MASK = 1, ROUTER = 3, NAME_SERVER = 6, REQUESTED = 50, LEASE_TIME = 51, TYPE = 53, SERVER = 54, END = 255 };

#define SERVER_ADDRESS WIRE32(0x0a000202)
#define OFFERED WIRE32(0x0a00020f)

/* What the client sent last. */
static struct {
    int type;
    uint32_t transaction, client, requested, server, destination, source;
    uint16_t flags;
} heard;
static unsigned messages, announcements;

static void hear(const uint8_t *frame, size_t len)
{
    const struct ethernet_header *ethernet = (const void *)frame;
    const struct ipv4_header *ip = (const void *)(frame + 14);
    const uint8_t *bootp = frame + 42;

    if (ethernet->type == ETHERTYPE_ARP) {
        const struct arp_message *message = (const void *)(frame + 14);
        uint8_t reply[42];

        announcements += message->target_address == message->sender_address;
        if (message->operation == WIRE16(1) && message->target_address == SERVER_ADDRESS) {
            struct arp_message *answer = (void *)(reply + 14);

            memcpy(reply, frame, sizeof reply);
            memcpy(reply, our_card, 6);
            *answer = *message;
            answer->operation = WIRE16(2);
            answer->sender_address = SERVER_ADDRESS;
            memset(answer->sender, 2, 6);
            answer->target_address = message->sender_address;
            deliver_after(0, reply, sizeof reply);
        }
        return;
    }
    CHECK(len >= 42 + BOOTP + 4 && ip->protocol == PROTOCOL_UDP);
    CHECK(bootp[0] == 1 && bootp[1] == 1 && bootp[2] == 6 && memcmp(bootp + 28, our_card, 6) == 0);
    memset(&heard, 0, sizeof heard);
    heard.destination = ip->destination;
    heard.source = ip->source;
    memcpy(&heard.transaction, bootp + 4, 4);
    memcpy(&heard.flags, bootp + 10, 2);
    memcpy(&heard.client, bootp + 12, 4);
    for (const uint8_t *at = bootp + BOOTP; *at != END; at += 2 + at[1]) {
        if (*at == TYPE)
            heard.type = at[2];
        if (*at == REQUESTED)
            memcpy(&heard.requested, at + 2, 4);
        if (*at == SERVER)
            memcpy(&heard.server, at + 2, 4);
    }
    messages++;
}

/* The server's frame, in which a test may spoil something. */
static uint8_t frame[42 + 548];

static void prepare(uint8_t type)
{
    uint32_t numbers[] = {WIRE32(0xffffff00), SERVER_ADDRESS, WIRE32(0x0a000203), WIRE32(LEASE), SERVER_ADDRESS};
    static const uint8_t codes[] = {MASK, ROUTER, NAME_SERVER, LEASE_TIME, SERVER};
    uint8_t *bootp = frame + 42, *at = bootp + BOOTP;
    uint32_t offered = OFFERED;

    memset(frame, 0, sizeof frame);
    bootp[0] = 2;
    bootp[1] = 1;
    bootp[2] = 6;
    memcpy(bootp + 4, &heard.transaction, 4);
    memcpy(bootp + 16, &offered, 4);
    memcpy(bootp + 28, our_card, 6);
    memcpy(bootp + 236, "\x63\x82\x53\x63", 4);
    *at++ = TYPE;
    *at++ = 1;
    *at++ = type;
    for (int i = 0; i < 5; i++) {
        *at++ = codes[i];
        *at++ = 4;
        memcpy(at, &numbers[i], 4);
        at += 4;
    }
    *at = END;
}

static void deliver_prepared(size_t len)
{
    struct ethernet_header *ethernet = (void *)frame;
    struct ipv4_header *ip = (void *)(frame + 14);
    struct udp_header *udp = (void *)(frame + 34);

    memset(ethernet->to, 255, 6);
    ethernet->type = ETHERTYPE_IPV4;
    *udp = (struct udp_header){WIRE16(67), WIRE16(68), htobe16((uint16_t)(len - 34)), 0};
    *ip = (struct ipv4_header){.version_length = 0x45,
                               .length = htobe16((uint16_t)(len - 14)),
                               .ttl = 64,
                               .protocol = PROTOCOL_UDP,
                               .source = SERVER_ADDRESS,
                               .destination = WIRE32(0xffffffff)};
    ip->checksum = checksum_fold(checksum_add(0, ip, 20));
    deliver(frame, len);
    pass(0);
}

static void serve(uint8_t type)
{
    prepare(type);
    deliver_prepared(sizeof frame);
}

static void take_lease(void)
{
    CHECK(heard.type == DISCOVER && heard.destination == WIRE32(0xffffffff) && heard.source == 0);
    CHECK(heard.flags == WIRE16(0x8000));
    serve(OFFER);
    CHECK(heard.type == REQUEST && heard.requested == OFFERED && heard.server == SERVER_ADDRESS);
    CHECK(net_config.address == 0);
    serve(ACK);
    CHECK(net_config.address == OFFERED && net_config.gateway == SERVER_ADDRESS);
    CHECK(net_config.mask == WIRE32(0xffffff00) && net_settled());
}

/* With no server about: 1, 2, 4, ... 64 seconds between attempts; after the fourth, programs need not wait. */
static void nobody(void)
{
    unsigned before;
    uint64_t wait = 1;

    CHECK(messages == 1 && !net_settled());
    for (int i = 1; i < 10; i++) {
        before = messages;
        pass(wait * SECONDS - 1 * MS);
        CHECK(messages == before);
        pass(1 * MS);
        CHECK(messages == before + 1 && heard.type == DISCOVER);
        CHECK(net_settled() == (i >= 4));
        wait = wait < 64 ? wait * 2 : 64;
    }
}

static void not_for_us(void)
{
    static const int wrong[] = {0, 4, 28, 236}; /* operation, transaction, hardware address, cookie */

    for (int i = 0; i < 4; i++) {
        unsigned before = messages;

        prepare(OFFER);
        frame[42 + wrong[i]] ^= 1;
        deliver_prepared(sizeof frame);
        CHECK(messages == before);
    }
    for (size_t len = 42; len < 42 + BOOTP + 4; len++) {
        prepare(OFFER);
        deliver_prepared(len);
    }
    CHECK(heard.type == DISCOVER);
}

/* T1 is half of the lease: asked of the one server; T2 at seven eighths: of all. */
static void renews(void)
{
    unsigned before = messages;

    pass(LEASE / 2 * SECONDS - 1 * MS);
    CHECK(messages == before);
    pass(2 * MS);
    CHECK(messages == before + 1 && heard.type == REQUEST && heard.client == OFFERED && heard.requested == 0);
    CHECK(heard.destination == SERVER_ADDRESS && heard.source == OFFERED && heard.server == 0);
    serve(ACK);
    pass(LEASE / 2 * SECONDS + 1 * MS);
    CHECK(messages == before + 2);
    pass((LEASE * 3 / 8) * SECONDS);
    CHECK(heard.destination == WIRE32(0xffffffff) && net_config.address == OFFERED);
    pass((LEASE / 8 + 1) * SECONDS);
    CHECK(net_config.address == 0 && heard.type == DISCOVER && heard.client == 0);
}

static void refused(void)
{
    pass((LEASE / 2 + 1) * SECONDS);
    serve(NAK);
    CHECK(net_config.address == 0 && heard.type == DISCOVER);
}

/* Messages with anything in them. */
static void fuzz(void)
{
    unsigned count = soak() ? 200000 : 20000;

    for (unsigned i = 0; i < count; i++) {
        prepare(chance(50) ? OFFER : chance(80) ? ACK : NAK);
        unsigned changes = random_number() % 4;
        while (changes--)
            frame[42 + BOOTP + random_number() % 40] = (uint8_t)random_number();
        at_end = chance(50);
        deliver_prepared(chance(50) ? sizeof frame : 42 + random_number() % 548);
        pass(chance(99) ? 10 * MS : random_number() % 1000 * SECONDS);
    }
}

static void resolver(void)
{
    char text[64];
    size_t len = net_resolv_conf(text, sizeof text);

    CHECK(len == strlen("nameserver 10.0.2.3\n") && memcmp(text, "nameserver 10.0.2.3\n", len) == 0);
    CHECK(net_resolv_conf(text, 5) == 5);
}

int main(void)
{
    setenv("NET", "10.0.2.15/33", 1); /* which is none */
    on_transmit = hear;
    net_init();
    nobody();
    not_for_us();
    take_lease();
    CHECK(announcements == 1);
    resolver();
    renews();
    take_lease();
    refused();
    take_lease();
    fuzz();
    CHECK(packets_held == 0 && objects_held == 1);
    return 0;
}
