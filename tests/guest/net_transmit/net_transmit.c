/* SPDX-License-Identifier: MIT */
/*
 * Frames sent as fast as can be, faster than the card takes them: those that do not fit are dropped, the others arrive in
 * order, the last ones too, and no packet is lost to us.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "current.h"
#include "netdev.h"

#include "../check.h"

enum { FRAMES = 5000 };

static struct netdev *card;
static int answered;

static void receive(struct netdev *netdev, struct packet *frame)
{
    (void)netdev;
    packet_free(frame);
    write(answered, &(uint64_t){1}, 8);
}

static void send_frame(unsigned number, size_t len)
{
    preempt_disable();
    struct packet *frame = packet_alloc();
    CHECK(frame);
    memset(frame->data, 0xff, ETHERNET_ADDRESS);
    memcpy(frame->data + ETHERNET_ADDRESS, card->address, ETHERNET_ADDRESS);
    memset(frame->data + 12, number ? 0xee : 0, len - 12);
    memcpy(frame->data + ETHERNET_HEADER, &number, sizeof number);
    frame->len = len;
    card->transmit(card, frame);
    preempt_enable();
}

/* How many packets could be had; they are given back. */
static unsigned left(void)
{
    struct packet *all = 0, *packet;
    unsigned count = 0;

    preempt_disable();
    for (; (packet = packet_alloc()); count++) {
        packet->next = all;
        all = packet;
    }
    while ((packet = all)) {
        all = packet->next;
        packet_free(packet);
    }
    preempt_enable();
    return count;
}

int main(void)
{
    uint64_t one;

    answered = eventfd(0, 0);
    card = netdev_start(receive);
    CHECK(card);
    unsigned before = left();
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 1; i <= FRAMES; i++)
            send_frame(i, round ? ETHERNET_HEADER + ETHERNET_MTU : 60);
        /* The card takes frames in order: once number 0 is answered, those before have gone. It may be dropped too. */
        struct pollfd answer = {.fd = answered, .events = POLLIN};
        do
            send_frame(0, 60);
        while (poll(&answer, 1, 1) == 0);
        CHECK(read(answered, &one, 8) == 8);
    }
    /* The last frame is taken back when the next is sent. */
    CHECK(left() >= before - 1);
    SUCCESS();
}
