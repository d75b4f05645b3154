/* SPDX-License-Identifier: MIT */
/*
 * virtio_net.c: a network card.
 *
 * What is dear is leaving the guest: each notification and each interrupt does.
 * So frames are taken and sent in bursts, the card is notified once for all of
 * them, and a frame that was sent is noticed when the next is.
 *
 * Source: Virtio 1.2, section "Network Device". Of its offers none is taken but the
 * address: no checksums by the card, no segmentation, one pair of queues.
 */
#include "netdev.h"

#include <string.h>

#include "current.h"
#include "virtio.h"

#define VIRTIO_NET_F_MAC (1ull << 5)

enum { RECEIVE, TRANSMIT, QUEUES };
enum { MOST_WAITING = VIRTQUEUE_SIZE };

/* Section "Device Operation": what lies in front of each frame. All zero says nothing special about it. */
struct header {
    uint8_t flags, gso_type;
    uint16_t header_len, gso_size, checksum_start, checksum_offset, buffers;
};
_Static_assert(sizeof(struct header) == NETDEV_ROOM, "the room in front of a frame is for the card's header");

static struct virtio_device *card;
static struct netdev netdev;
static void (*receiver)(struct netdev *netdev, struct packet *frame);
static bool in_burst;
/* Frames that the queue had no room for. */
static struct packet *waiting_first, *waiting_last;
static unsigned waiting_count;

/* ---- out ------------------------------------------------------------------ */

/* The frames that the card has sent are no longer needed. */
static void reclaim(void)
{
    struct packet *sent;
    uint32_t written;

    while ((sent = virtio_take(card, TRANSMIT, &written)))
        packet_free(sent);
}

static bool add(struct packet *frame)
{
    struct header *header = (struct header *)(void *)frame->data - 1;
    struct virtqueue_part part = {frame->physical + (size_t)((uint8_t *)header - frame->buffer),
                                  (uint32_t)(sizeof *header + frame->len)};

    memset(header, 0, sizeof *header);
    return virtqueue_add(card->queues[TRANSMIT], &part, 1, 0, frame);
}

/* Sends what waits. Only while something still does, the card is to say when it has sent something. */
static void send_waiting(void)
{
    do {
        reclaim();
        while (waiting_first && add(waiting_first)) {
            waiting_first = waiting_first->next;
            waiting_count--;
        }
    } while (waiting_first && virtqueue_unmute(card->queues[TRANSMIT]));
    if (!waiting_first)
        virtqueue_mute(card->queues[TRANSMIT]);
}

static void keep_waiting(struct packet *frame)
{
    frame->next = 0;
    if (waiting_first)
        waiting_last->next = frame;
    else
        waiting_first = frame;
    waiting_last = frame;
    waiting_count++;
}

static void transmit(struct netdev *to, struct packet *frame)
{
    (void)to;
    if (waiting_count == MOST_WAITING || !virtio_works(card)) {
        packet_free(frame);
        return;
    }
    if (waiting_first) {
        keep_waiting(frame); /* the interrupt that is to come will see to it */
        return;
    }
    reclaim();
    bool added = add(frame);
    if (!added) {
        keep_waiting(frame);
        send_waiting();
    }
    if (!added || !in_burst)
        virtio_publish(card, TRANSMIT);
}

/* ---- in ------------------------------------------------------------------- */

/* Lends the card a packet, with the header so that the frame begins at PACKET_ROOM. */
static void lend(struct packet *packet)
{
    size_t start = PACKET_ROOM - sizeof(struct header);
    struct virtqueue_part part = {packet->physical + start, (uint32_t)(PACKET_SIZE - start)};

    if (!virtqueue_add(card->queues[RECEIVE], &part, 0, 1, packet))
        packet_free(packet);
}

/* The queue stays full: for a packet that goes up another goes down, or it does not go up. While frames wait to be sent,
 * none are taken: who answers faster than the card sends would otherwise have its answers dropped. */
static void take_frames(void)
{
    struct packet *packet;
    uint32_t written;

    while (!waiting_first && (packet = virtio_take(card, RECEIVE, &written))) {
        struct packet *fresh = written > sizeof(struct header) ? packet_alloc() : 0;

        lend(fresh ? fresh : packet);
        if (!fresh)
            continue;
        packet->data = packet->buffer + PACKET_ROOM;
        packet->len = written - sizeof(struct header);
        receiver(&netdev, packet);
    }
}

static void work_run(void)
{
    in_burst = true;
    virtqueue_mute(card->queues[RECEIVE]);
    do {
        take_frames();
        send_waiting();
        virtio_publish(card, RECEIVE);
        virtio_publish(card, TRANSMIT);
    } while (!waiting_first && virtqueue_unmute(card->queues[RECEIVE]));
    in_burst = false;
}

static struct work work = {.run = work_run};

/* ---- starting ------------------------------------------------------------- */

static bool start_card(void)
{
    uint64_t features;

    card = virtio_find(VIRTIO_NET, 0);
    if (!card || !card->config || !virtio_start(card, VIRTIO_NET_F_MAC, 0, &features, QUEUES, &work))
        return false;
    for (unsigned i = 0; i < ETHERNET_ADDRESS; i++)
        netdev.address[i] = card->config[i];
    for (struct packet *packet; card->queues[RECEIVE]->free_count && (packet = packet_alloc());)
        lend(packet);
    virtqueue_mute(card->queues[TRANSMIT]);
    virtio_publish(card, RECEIVE);
    return true;
}

struct netdev *netdev_start(void (*receive)(struct netdev *netdev, struct packet *frame))
{
    if (receiver)
        return 0;
    preempt_disable();
    receiver = receive;
    netdev.transmit = transmit;
    bool started = start_card();
    preempt_enable();
    return started ? &netdev : 0;
}
