/* SPDX-License-Identifier: MIT */
/*
 * packet.h: buffers for frames of the network.
 *
 * A packet lies in one half of a page, so that a device finds it at one physical
 * address. There is room in front, so that each layer adds its header without
 * moving what is there. With preemption disabled.
 */
#ifndef LIBOS_PACKET_H
#define LIBOS_PACKET_H

#include <stddef.h>
#include <stdint.h>

enum { PACKET_SIZE = 2048, PACKET_ROOM = 128 };

struct packet {
    struct packet *next; /* for whoever owns it */
    uint8_t *data;       /* what is in it now */
    size_t len;
    uint8_t *buffer;   /* PACKET_SIZE bytes, 2048-aligned */
    uint64_t physical; /* where `buffer` is for a device */
};

/* An empty packet whose data begin PACKET_ROOM bytes into its buffer; null if packets take an eighth of RAM already. */
struct packet *packet_alloc(void);

/* Gives it back. */
void packet_free(struct packet *packet);

#endif
