/* SPDX-License-Identifier: MIT */
/*
 * netdev.h: a network card, for the protocols above it.
 *
 * With preemption disabled. A packet handed over belongs to the other side from then on.
 */
#ifndef LIBOS_NETDEV_H
#define LIBOS_NETDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

enum { ETHERNET_ADDRESS = 6, ETHERNET_HEADER = 14, ETHERNET_MTU = 1500 };
enum { NETDEV_ROOM = 12 };

struct netdev {
    uint8_t address[ETHERNET_ADDRESS];
    /* Sends a whole Ethernet frame without its checksum. Drops it if the card cannot keep up, which has room for some
     * hundred frames. There must be NETDEV_ROOM bytes left in the packet in front of the frame. What is sent while
     * `receive` runs goes out after the last frame that has come: in one go. */
    void (*transmit)(struct netdev *netdev, struct packet *frame);
};

/* Finds and starts the first network card, which then hands every frame that comes to `receive`, on whichever thread
 * runs then, the idle one too. Null if there is none, or it was started before. May be called with preemption
 * enabled. */
struct netdev *netdev_start(void (*receive)(struct netdev *netdev, struct packet *frame));

#endif
