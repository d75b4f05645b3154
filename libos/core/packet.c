/* SPDX-License-Identifier: MIT */
/*
 * packet.c: packets that were given back are kept for the next: nothing is
 * cleared, nothing is mapped, and a buffer's physical address is known once and
 * for all.
 */
#include "packet.h"

#include "frames.h"
#include "pool.h"
#include "virtio.h"

struct buffer {
    uint8_t bytes[PACKET_SIZE];
};

static struct pool packets = POOL(struct packet, SIZE_MAX), buffers = POOL(struct buffer, SIZE_MAX);
static struct packet *given_back;

static struct packet *make(void)
{
    /* Two packets to a page: an eighth of RAM. */
    if (packets.count >= frames_total() / 4)
        return 0;
    struct packet *packet = pool_alloc(&packets);
    if (!packet)
        return 0;
    packet->buffer = pool_alloc(&buffers);
    if (!packet->buffer) {
        pool_free(&packets, packet);
        return 0;
    }
    packet->physical = virtio_physical(packet->buffer);
    return packet;
}

struct packet *packet_alloc(void)
{
    struct packet *packet = given_back;

    if (packet)
        given_back = packet->next;
    else if (!(packet = make()))
        return 0;
    packet->next = 0;
    packet->data = packet->buffer + PACKET_ROOM;
    packet->len = 0;
    return packet;
}

void packet_free(struct packet *packet)
{
    packet->next = given_back;
    given_back = packet;
}
