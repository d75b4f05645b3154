/* SPDX-License-Identifier: MIT */
/*
 * net_transfer.c: 64 KiB each way over a wire that loses, reorders, duplicates and
 * corrupts frames, at once and one by one. Every byte must arrive as it was sent,
 * and nothing may be left behind.
 *
 * The stack talks to itself, through a mirror: a frame that it sends comes back with
 * its addresses swapped. A checksum does not mind that, so nothing else changes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipv4.h"
#include "tcp_connection.h"
#include "wire.h"
#include "world.h"

enum { SIZE = 65536, SERVER_PORT = WIRE16(80) };

static const uint8_t mirror_card[6] = {0x52, 0x54, 0, 0x65, 0x43, 0x21};
static unsigned loss, reordering, duplication, corruption; /* per cent */
static unsigned long frames, lost, reordered, duplicated, corrupted;

/* ---- the mirror ----------------------------------------------------------- */

static void answer_arp(const uint8_t *frame)
{
    uint8_t reply[14 + sizeof(struct arp_message)];
    struct arp_message *message = (void *)(reply + 14);

    memcpy(reply, frame, sizeof reply);
    if (message->operation != WIRE16(1) || message->target_address != WIRE32(0x0a000002))
        return;
    memcpy(reply, our_card, 6);
    memcpy(reply + 6, mirror_card, 6);
    message->operation = WIRE16(2);
    message->target_address = message->sender_address;
    message->sender_address = WIRE32(0x0a000002);
    memcpy(message->target, our_card, 6);
    memcpy(message->sender, mirror_card, 6);
    deliver_after(1 * MS, reply, sizeof reply);
}

static void mirror(const uint8_t *frame, size_t len)
{
    const struct ethernet_header *ethernet = (const void *)frame;
    uint8_t copy[1514];

    frames++;
    if (chance(loss)) {
        lost++;
        return;
    }
    if (ethernet->type == ETHERTYPE_ARP) {
        answer_arp(frame);
        return;
    }
    memcpy(copy, frame, len);
    memcpy(copy, our_card, 6);
    memcpy(copy + 6, mirror_card, 6);
    struct ipv4_header *ip = (void *)(copy + 14);
    ip->source = WIRE32(0x0a000002);
    ip->destination = WIRE32(0x0a000001);
    if (chance(corruption)) {
        copy[14 + random_number() % (len - 14)] ^= (uint8_t)(1 + random_number() % 255);
        corrupted++;
    }
    bool late = chance(reordering);
    reordered += late;
    deliver_after(1 * MS + (late ? random_number() % (10 * MS) : 0), copy, len);
    if (chance(duplication)) {
        duplicated++;
        deliver_after(1 * MS + random_number() % (5 * MS), copy, len);
    }
}

/* ---- a transfer ----------------------------------------------------------- */

struct side {
    struct tcp *tcp;
    uint8_t out[SIZE], in[SIZE + 1];
    size_t sent, received;
    bool ended;
};

static struct side client, server;

static void fill(struct side *side)
{
    memset(side, 0, sizeof *side);
    for (size_t i = 0; i < SIZE; i++)
        side->out[i] = (uint8_t)random_number();
}

/* Writes and reads what is possible, in pieces of all sizes. */
static void step(struct side *side)
{
    long n;

    while (side->sent < SIZE) {
        size_t len = 1 + random_number() % (chance(50) ? 100 : 20000);

        if (len > SIZE - side->sent)
            len = SIZE - side->sent;
        if ((n = tcp_send(side->tcp, side->out + side->sent, len, chance(10))) == -EAGAIN)
            break;
        CHECK(n > 0);
        side->sent += (size_t)n;
        if (side->sent == SIZE)
            CHECK(tcp_shutdown(side->tcp, false, true) == 0);
    }
    while (!side->ended) {
        size_t len = 1 + random_number() % 5000;

        if (len > sizeof side->in - side->received)
            len = sizeof side->in - side->received;
        if ((n = tcp_receive(side->tcp, side->in + side->received, len, false)) == -EAGAIN)
            break;
        CHECK(n >= 0);
        side->received += (size_t)n;
        side->ended = n == 0;
    }
}

static void transfer(struct tcp *listener)
{
    int error;
    uint64_t limit = now + 600 * SECONDS;

    fill(&client);
    fill(&server);
    client.tcp = tcp_open();
    CHECK(tcp_connect(client.tcp, (struct endpoint){WIRE32(0x0a000002), SERVER_PORT}) == 0);
    while (!(client.ended && server.ended)) {
        CHECK(now < limit);
        pass(1 * MS);
        if (!server.tcp)
            server.tcp = tcp_accept(listener, &error);
        if (!tcp_is_connecting(client.tcp))
            step(&client);
        if (server.tcp)
            step(&server);
    }
    CHECK(client.received == SIZE && memcmp(client.in, server.out, SIZE) == 0);
    CHECK(server.received == SIZE && memcmp(server.in, client.out, SIZE) == 0);
    tcp_close(client.tcp);
    tcp_close(server.tcp);
}

static void transfers(const char *name, unsigned count, unsigned l, unsigned r, unsigned d, unsigned c)
{
    struct tcp *listener = tcp_open();
    uint64_t began = now;

    loss = l, reordering = r, duplication = d, corruption = c;
    frames = lost = reordered = duplicated = corrupted = 0;
    CHECK(tcp_bind(listener, (struct endpoint){0, SERVER_PORT}) == 0);
    CHECK(tcp_listen(listener, 8) == 0);
    for (unsigned i = 0; i < count; i++)
        transfer(listener);
    printf("%-12s %4u transfers, %.3f s each; of %lu frames lost %lu, late %lu, twice %lu, corrupt %lu\n", name,
           count, (double)(now - began) / 1e9 / count, frames, lost, reordered, duplicated, corrupted);
    tcp_close(listener);
    /* Everything ends in time, and gives back what it had. */
    loss = reordering = duplication = corruption = 0;
    pass(700 * SECONDS);
    CHECK(tcp_connections == 0 && tcp_packets == 0 && packets_held == 0 && objects_held == 0);
}

int main(int argc, char **argv)
{
    unsigned count = soak() ? 1000 : 10;

    on_transmit = mirror;
    /* Other numbers are another run. */
    if (argc > 1)
        random_state = strtoull(argv[1], 0, 0);
    start_world();
    transfers("clean", count, 0, 0, 0, 0);
    transfers("loss", count, 5, 0, 0, 0);
    transfers("reordering", count, 0, 5, 0, 0);
    transfers("duplication", count, 0, 0, 1, 0);
    transfers("corruption", count, 0, 0, 0, 1);
    transfers("together", count, 5, 5, 1, 1);
    transfers("storm", count / 5, 10, 20, 5, 5);
}
