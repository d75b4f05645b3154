/* SPDX-License-Identifier: MIT */
/*
 * ipv4.c: packets to and from other machines (RFC 791; RFC 1122, section 3).
 *
 * No fragments: TCP sends segments that fit, UDP refuses what does not, and a
 * table of halves that never meet is what attackers fill. A fragment that comes
 * is counted and dropped.
 */
#include "ipv4.h"

#include <errno.h>

#include "checksum.h"
#include "ethernet.h"
#include "net.h"

enum { TTL = 64, VERSION_4 = 0x40 };

struct net_counters net_counters;
static struct ipv4_protocol *protocols;

void ipv4_register(struct ipv4_protocol *protocol)
{
    protocol->next = protocols;
    protocols = protocol;
}

/* ---- addresses ------------------------------------------------------------ */

static bool is_loopback(uint32_t address)
{
    return (address & WIRE32(0xff000000)) == WIRE32(0x7f000000);
}

bool ipv4_is_ours(uint32_t address)
{
    return is_loopback(address) || (address && address == net_config.address);
}

bool ipv4_is_broadcast(uint32_t address)
{
    return address == WIRE32(0xffffffff) || (net_config.address && net_config.mask != WIRE32(0xffffffff) &&
                                             address == (net_config.address | ~net_config.mask));
}

bool ipv4_is_multicast(uint32_t address)
{
    return (address & WIRE32(0xf0000000)) == WIRE32(0xe0000000);
}

/* The neighbour that a packet goes to next; false if there is no way. */
static bool route(uint32_t destination, uint32_t *neighbour)
{
    bool near = !((destination ^ net_config.address) & net_config.mask);

    *neighbour = near ? destination : net_config.gateway;
    return ethernet_card && net_config.address && destination && *neighbour;
}

bool ipv4_source(uint32_t destination, uint32_t *source)
{
    uint32_t neighbour;

    *source = ipv4_is_ours(destination) ? destination : net_config.address;
    return ipv4_is_ours(destination) || (ethernet_card && ipv4_is_broadcast(destination)) ||
           (ethernet_card && net_config.address && ipv4_is_multicast(destination)) ||
           route(destination, &neighbour);
}

/* ---- sending -------------------------------------------------------------- */

int ipv4_send(struct packet *packet, uint8_t protocol, uint32_t source, uint32_t destination)
{
    static uint16_t id;
    uint32_t neighbour = 0;
    bool ours = ipv4_is_ours(destination);
    bool broadcast = !ours && ethernet_card && ipv4_is_broadcast(destination);
    bool multicast = !ours && ethernet_card && ipv4_is_multicast(destination);

    if (!ours && !broadcast && !multicast && !route(destination, &neighbour)) {
        packet_free(packet);
        return -ENETUNREACH;
    }
    packet->data -= IPV4_HEADER;
    packet->len += IPV4_HEADER;
    struct ipv4_header *header = (void *)packet->data;
    *header = (struct ipv4_header){.version_length = VERSION_4 | IPV4_HEADER / 4,
                                   .length = htobe16((uint16_t)packet->len),
                                   .id = id++,
                                   .ttl = TTL,
                                   .protocol = protocol,
                                   .source = source,
                                   .destination = destination};
    header->checksum = checksum_fold(checksum_add(0, header, IPV4_HEADER));
    if (ours) {
        loopback_send(packet);
    } else if (broadcast) {
        ethernet_send(packet, ethernet_everybody, ETHERTYPE_IPV4);
    } else if (multicast) {
        /* RFC 1112, section 6.4 */
        const uint8_t *a = (const uint8_t *)&destination;
        uint8_t group[ETHERNET_ADDRESS] = {0x01, 0x00, 0x5e, a[1] & 0x7f, a[2], a[3]};

        ethernet_send(packet, group, ETHERTYPE_IPV4);
    } else {
        arp_send(packet, neighbour);
    }
    return 0;
}

/* ---- receiving ------------------------------------------------------------ */

/* Why a packet is not for this machine's protocols: the counter to count it in; null if it is. */
static uint32_t *objection(const struct packet *packet, const struct ipv4_header *header, bool broadcast)
{
    if (packet->len < IPV4_HEADER)
        return &net_counters.malformed;
    size_t length = be16toh(header->length), header_length = (header->version_length & 15) * 4;
    if (header->version_length >> 4 != 4 || header_length < IPV4_HEADER || length < header_length ||
        length > packet->len)
        return &net_counters.malformed;
    if (checksum_fold(checksum_add(0, header, header_length)) != 0)
        return &net_counters.checksum;
    if (header->fragment & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET))
        return &net_counters.fragments;
    /* RFC 1122, section 3.2.1.3: what is no sender. A packet of our own that the wire brings back is none, either. */
    if (ipv4_is_broadcast(header->source) || ipv4_is_multicast(header->source))
        return &net_counters.malformed;
    if (!ipv4_is_ours(header->destination) && !ipv4_is_broadcast(header->destination))
        return &net_counters.not_ours;
    /* Section 3.3.6: a packet to everybody on the link must say so itself, or it is forged. */
    return broadcast && !ipv4_is_broadcast(header->destination) ? &net_counters.not_ours : 0;
}

static void deliver(struct packet *packet, const struct ipv4_header *header)
{
    struct ipv4_protocol *protocol = protocols;
    size_t header_length = (header->version_length & 15) * 4;

    packet->data += header_length;
    packet->len = be16toh(header->length) - header_length;
    while (protocol && protocol->number != header->protocol)
        protocol = protocol->next;
    if (protocol) {
        protocol->input(packet, header);
        return;
    }
    net_counters.no_protocol++;
    icmp_unreachable(header, packet, ICMP_PROTOCOL);
    packet_free(packet);
}

void ipv4_failed(const struct ipv4_header *header, const void *start, int error)
{
    struct ipv4_protocol *protocol = protocols;

    while (protocol && protocol->number != header->protocol)
        protocol = protocol->next;
    if (protocol && protocol->failed)
        protocol->failed(header, start, error);
}

void ipv4_input(struct packet *packet, bool broadcast)
{
    const struct ipv4_header *header = (const void *)packet->data;
    uint32_t *why = objection(packet, header, broadcast);

    /* The loopback's addresses, and our own as a sender, are never seen on a wire. */
    if (!why && (is_loopback(header->destination) || ipv4_is_ours(header->source)))
        why = &net_counters.malformed;
    if (why) {
        ++*why;
        packet_free(packet);
        return;
    }
    deliver(packet, header);
}

void ipv4_from_ourselves(struct packet *packet)
{
    deliver(packet, (const void *)packet->data);
}
