/* SPDX-License-Identifier: MIT */
/*
 * loopback.c: packets from this machine to itself.
 */
#include "cpu.h"
#include "ipv4.h"
#include "thread.h"

enum { MOST_QUEUED = 128 };

static struct packet *first, *last;
static unsigned queued;

static void bring(void)
{
    /* Those that are sent meanwhile come in the next round, so that other work is not held up for ever. */
    for (unsigned n = queued; n; n--) {
        struct packet *packet = first;

        first = packet->next;
        queued--;
        ipv4_from_ourselves(packet);
    }
}

static struct work work = {.run = bring};

void loopback_send(struct packet *packet)
{
    if (queued == MOST_QUEUED) {
        net_counters.full++;
        packet_free(packet);
        return;
    }
    packet->next = 0;
    *(queued ? &last->next : &first) = packet;
    last = packet;
    queued++;
    bool enabled = interrupts_disable();
    work_ask(&work);
    if (enabled)
        interrupts_enable();
}
