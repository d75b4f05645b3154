/* SPDX-License-Identifier: MIT */
/*
 * ipv4.h: packets to and from other machines, and to this one (RFC 791, RFC 1122).
 *
 * Fragments are refused, and none are sent. Options are skipped. Nothing is forwarded.
 */
#ifndef LIBOS_IPV4_H
#define LIBOS_IPV4_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"
#include "wire.h"

enum { IPV4_HEADER = 20, IPV4_PAYLOAD = 1480 };

/* What is carried in packets. A program without TCP does not register it, so it is not in its image. */
struct ipv4_protocol {
    struct ipv4_protocol *next;
    uint8_t number;
    /* What came, behind its header; takes the packet, in which the header stays as long. */
    void (*input)(struct packet *packet, const struct ipv4_header *header);
    /* A packet that this machine sent did not arrive: its header, the first 8 bytes behind it, and a negative errno. */
    void (*failed)(const struct ipv4_header *header, const void *start, int error);
};

void ipv4_register(struct ipv4_protocol *protocol);

/* What came behind a frame's header; takes the packet. `broadcast` tells that the frame was to everybody. */
void ipv4_input(struct packet *packet, bool broadcast);

/* Sends what is in the packet, behind a header; takes the packet. 0 or -ENETUNREACH. */
int ipv4_send(struct packet *packet, uint8_t protocol, uint32_t source, uint32_t destination);

/* The address that a packet to there comes from; false if there is no way. */
bool ipv4_source(uint32_t destination, uint32_t *source);

bool ipv4_is_ours(uint32_t address);
bool ipv4_is_broadcast(uint32_t address);
bool ipv4_is_multicast(uint32_t address);

/* Has a packet to this machine itself come back, by ipv4_from_ourselves(), soon after: not at once, since the sender is
 * in the middle of something. Takes the packet; drops it if too many are on their way. */
void loopback_send(struct packet *packet);
void ipv4_from_ourselves(struct packet *packet);

/* Tells its protocol that a packet did not arrive; see struct ipv4_protocol. */
void ipv4_failed(const struct ipv4_header *header, const void *start, int error);

/* Registers ICMP, which answers echo requests and tells others of errors. */
void icmp_init(void);

/* Tells the sender of a packet, of which `packet` is what follows its header, that it did not arrive. The packet
 * stays the caller's. */
void icmp_unreachable(const struct ipv4_header *header, const struct packet *packet, uint8_t code);

/* What was dropped, and why. */
struct net_counters {
    uint32_t malformed, checksum, fragments, not_ours, no_protocol, no_port, full;
};

extern struct net_counters net_counters;

#endif
