/* SPDX-License-Identifier: MIT */
/*
 * arp.c: which Ethernet address a neighbour has (RFC 826).
 *
 * Only who asked, or was asked, gets into the table: a message that nobody waited
 * for can change an entry but makes none. While an answer is awaited, the last few
 * packets for that neighbour are kept (RFC 1122, section 2.3.2.2, asks for one; a
 * resolver begins with two questions).
 */
#include <string.h>

#include "clock.h"
#include "ethernet.h"
#include "ipv4.h"
#include "net.h"
#include "thread.h"

enum {
    NEIGHBOURS = 32,
    ATTEMPTS = 3,
    MOST_WAITING = 4,
    HARDWARE_ETHERNET = WIRE16(1),
    REQUEST = WIRE16(1),
    REPLY = WIRE16(2)
};

#define SECOND 1000000000ull
#define ASK_EVERY SECOND
#define FRESH_FOR (600 * SECOND) /* RFC 1122, section 2.3.2.1, wants a bound */

static struct neighbour {
    uint32_t address; /* 0: unused */
    uint8_t ethernet[ETHERNET_ADDRESS];
    bool known, used; /* used since it was last confirmed */
    uint8_t attempts;
    uint64_t due;                /* when to ask again */
    struct packet *first, *last; /* packets that wait for its address */
    unsigned waiting;
} neighbours[NEIGHBOURS];

static struct timer timer;

static struct neighbour *find(uint32_t address)
{
    static struct neighbour *last = neighbours;

    if (last->address == address)
        return last;
    for (struct neighbour *n = neighbours; n < neighbours + NEIGHBOURS; n++)
        if (n->address == address)
            return last = n;
    return 0;
}

static struct packet *take_waiting(struct neighbour *neighbour)
{
    struct packet *packet = neighbour->first;

    if (packet) {
        neighbour->first = packet->next;
        neighbour->waiting--;
    }
    return packet;
}

static void keep_waiting(struct neighbour *neighbour, struct packet *packet)
{
    if (neighbour->waiting == MOST_WAITING)
        packet_free(take_waiting(neighbour));
    packet->next = 0;
    *(neighbour->first ? &neighbour->last->next : &neighbour->first) = packet;
    neighbour->last = packet;
    neighbour->waiting++;
}

static void forget(struct neighbour *neighbour)
{
    for (struct packet *packet; (packet = take_waiting(neighbour));)
        packet_free(packet);
    *neighbour = (struct neighbour){0};
}

static void send(uint16_t operation, const uint8_t *to, const uint8_t *target, uint32_t target_address)
{
    struct packet *packet = packet_alloc();
    struct arp_message message = {.hardware = HARDWARE_ETHERNET,
                                  .protocol = ETHERTYPE_IPV4,
                                  .hardware_length = ETHERNET_ADDRESS,
                                  .protocol_length = 4,
                                  .operation = operation,
                                  .sender_address = net_config.address,
                                  .target_address = target_address};

    if (!packet)
        return;
    memcpy(message.sender, ethernet_card->address, ETHERNET_ADDRESS);
    if (target)
        memcpy(message.target, target, ETHERNET_ADDRESS);
    memcpy(packet->data, &message, sizeof message);
    packet->len = sizeof message;
    ethernet_send(packet, to, ETHERTYPE_ARP);
}

static void look(struct timer *self)
{
    uint64_t now = clock_monotonic(), next = FOREVER;

    for (struct neighbour *n = neighbours; n < neighbours + NEIGHBOURS; n++) {
        if (n->address && n->due <= now) {
            if (n->attempts == ATTEMPTS || (n->known && !n->used)) {
                forget(n);
            } else {
                n->attempts++;
                n->due = now + ASK_EVERY;
                send(REQUEST, ethernet_everybody, 0, n->address);
            }
        }
        if (n->address && n->due < next)
            next = n->due;
    }
    if (next != FOREVER)
        timer_set(self, next);
}

/* An unused entry, or the one that will be due first. */
static struct neighbour *add(uint32_t address, uint64_t due)
{
    struct neighbour *place = neighbours;

    for (struct neighbour *n = neighbours; n < neighbours + NEIGHBOURS && place->address; n++)
        if (!n->address || n->due < place->due)
            place = n;
    forget(place);
    place->address = address;
    place->due = due;
    timer.run = look;
    if (!timer.deadline || due < timer.deadline)
        timer_set(&timer, due);
    return place;
}

static void learn(struct neighbour *neighbour, const uint8_t *ethernet)
{
    memcpy(neighbour->ethernet, ethernet, ETHERNET_ADDRESS);
    neighbour->known = true;
    neighbour->used = false;
    neighbour->attempts = 0;
    neighbour->due = clock_monotonic() + FRESH_FOR;
    for (struct packet *packet; (packet = take_waiting(neighbour));)
        ethernet_send(packet, ethernet, ETHERTYPE_IPV4);
}

/* RFC 826, "Packet Reception". */
void arp_input(struct packet *packet)
{
    struct arp_message message;

    if (packet->len < sizeof message || !net_config.address) {
        packet_free(packet);
        return;
    }
    memcpy(&message, packet->data, sizeof message);
    packet_free(packet);
    bool neighbour = !((message.sender_address ^ net_config.address) & net_config.mask);
    if (message.hardware != HARDWARE_ETHERNET || message.protocol != ETHERTYPE_IPV4 ||
        message.hardware_length != ETHERNET_ADDRESS || message.protocol_length != 4 || message.sender[0] & 1 ||
        !neighbour || message.sender_address == net_config.address || !message.sender_address) {
        net_counters.malformed++;
        return;
    }
    struct neighbour *known = find(message.sender_address);
    bool to_us = message.target_address == net_config.address;
    if (!known && to_us && message.operation == REQUEST)
        known = add(message.sender_address, clock_monotonic() + FRESH_FOR);
    if (known)
        learn(known, message.sender);
    if (to_us && message.operation == REQUEST)
        send(REPLY, message.sender, message.sender, message.sender_address);
}

void arp_send(struct packet *packet, uint32_t address)
{
    struct neighbour *neighbour = find(address);

    if (neighbour && neighbour->known) {
        neighbour->used = true;
        ethernet_send(packet, neighbour->ethernet, ETHERTYPE_IPV4);
        return;
    }
    if (!neighbour) {
        neighbour = add(address, clock_monotonic() + ASK_EVERY);
        neighbour->attempts = 1;
        send(REQUEST, ethernet_everybody, 0, address);
    }
    keep_waiting(neighbour, packet);
}

void arp_announce(void)
{
    for (struct neighbour *n = neighbours; n < neighbours + NEIGHBOURS; n++)
        forget(n);
    if (net_config.address)
        send(REQUEST, ethernet_everybody, 0, net_config.address);
}
