/* SPDX-License-Identifier: MIT */
/*
 * ethernet.h: frames of the one network card, and who has which address there.
 */
#ifndef LIBOS_ETHERNET_H
#define LIBOS_ETHERNET_H

#include <stdint.h>

#include "netdev.h"

extern struct netdev *ethernet_card; /* null without one */
extern const uint8_t ethernet_everybody[ETHERNET_ADDRESS];

/* Finds the card. */
void ethernet_init(void);

/* Sends what is in the packet, behind a header; takes the packet. */
void ethernet_send(struct packet *packet, const uint8_t *to, uint16_t type);

/* What came behind a header; takes the packet. */
void arp_input(struct packet *packet);

/* Sends an IPv4 packet to a neighbour, once its Ethernet address is known; takes the packet, which may be dropped. */
void arp_send(struct packet *packet, uint32_t neighbour);

/* Announces this machine's new address, and forgets the neighbours of the old one. */
void arp_announce(void);

#endif
