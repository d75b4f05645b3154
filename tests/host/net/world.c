/* SPDX-License-Identifier: MIT */
/*
 * world.c: the library OS around net/, played.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "console.h"
#include "entropy.h"
#include "frames.h"
#include "net.h"
#include "netdev.h"
#include "pool.h"
#include "thread.h"

const uint8_t our_card[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
uint64_t now = 1 * SECONDS;
unsigned packets_held, objects_held;
bool no_memory, at_end;
void (*on_transmit)(const uint8_t *frame, size_t len);
void (*on_deliver)(const uint8_t *frame, size_t len);

static struct netdev card;
static void (*receiver)(struct netdev *netdev, struct packet *frame);
static struct timer *timers;
static struct work *work_list;

static void say_when(void)
{
    printf("at %.3f s\n", (double)now / 1e9);
}

/* ---- memory --------------------------------------------------------------- */

bool entropy_fill(void *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)random_number();
    return true;
}

size_t frames_total(void)
{
    return 16384;
}

void *pool_alloc(struct pool *pool)
{
    if (pool->count == pool->limit)
        return 0;
    pool->count++;
    objects_held++;
    return calloc(1, pool->size);
}

void pool_free(struct pool *pool, void *object)
{
    pool->count--;
    objects_held--;
    free(object);
}

struct packet *packet_alloc(void)
{
    if (no_memory)
        return 0;
    struct packet *packet = calloc(1, sizeof *packet);

    packet->buffer = aligned_alloc(PACKET_SIZE, PACKET_SIZE);
    packet->data = packet->buffer + PACKET_ROOM;
    packets_held++;
    return packet;
}

void packet_free(struct packet *packet)
{
    packets_held--;
    free(packet->buffer);
    free(packet);
}

/* ---- time ----------------------------------------------------------------- */

uint64_t clock_monotonic(void)
{
    return now;
}

void timer_cancel(struct timer *timer)
{
    if (!timer->deadline)
        return;
    for (struct timer **link = &timers; *link; link = &(*link)->next) {
        if (*link == timer) {
            *link = timer->next;
            break;
        }
    }
    timer->deadline = 0;
}

void timer_set(struct timer *timer, uint64_t deadline)
{
    struct timer **link = &timers;

    timer_cancel(timer);
    timer->deadline = deadline;
    while (*link && (*link)->deadline <= deadline)
        link = &(*link)->next;
    timer->next = *link;
    *link = timer;
}

void work_ask(struct work *work)
{
    if (work->wanted)
        return;
    work->wanted = true;
    work->next = work_list;
    work_list = work;
}

struct thread main_thread, *current = &main_thread;
volatile bool resched_wanted;
void (*resched)(void);

void threads_init(void)
{
}

int wake_one(struct wait_queue *queue)
{
    (void)queue;
    return 0;
}

int wake_all(struct wait_queue *queue)
{
    (void)queue;
    return 0;
}

void console_puts(const char *s)
{
    fputs(s, stdout);
}

/* ---- the wire ------------------------------------------------------------- */

struct flying {
    struct flying *next;
    uint64_t at;
    size_t len;
    uint8_t frame[];
};

static struct flying *flying;

void deliver(const uint8_t *frame, size_t len)
{
    bool refusing = no_memory;

    if (on_deliver)
        on_deliver(frame, len);
    no_memory = false;
    struct packet *packet = packet_alloc();
    no_memory = refusing;
    if (at_end)
        packet->data = packet->buffer + PACKET_SIZE - len;
    memcpy(packet->data, frame, len);
    packet->len = len;
    receiver(&card, packet);
}

void deliver_after(uint64_t ns, const uint8_t *frame, size_t len)
{
    struct flying *it = malloc(sizeof *it + len), **link = &flying;

    it->at = now + ns;
    it->len = len;
    memcpy(it->frame, frame, len);
    while (*link && (*link)->at <= it->at)
        link = &(*link)->next;
    it->next = *link;
    *link = it;
}

static void transmit(struct netdev *netdev, struct packet *frame)
{
    (void)netdev;
    if (on_transmit)
        on_transmit(frame->data, frame->len);
    packet_free(frame);
}

struct netdev *netdev_start(void (*receive)(struct netdev *netdev, struct packet *frame))
{
    receiver = receive;
    memcpy(card.address, our_card, sizeof our_card);
    card.transmit = transmit;
    return &card;
}

void pass(uint64_t ns)
{
    uint64_t end = now + ns;

    for (;;) {
        if (work_list) {
            struct work *work = work_list;

            work_list = work->next;
            work->wanted = false;
            work->run();
        } else if (flying && flying->at <= end && (!timers || flying->at <= timers->deadline)) {
            struct flying *it = flying;

            flying = it->next;
            now = it->at > now ? it->at : now;
            deliver(it->frame, it->len);
            free(it);
        } else if (timers && timers->deadline <= end) {
            struct timer *timer = timers;

            now = timer->deadline > now ? timer->deadline : now;
            timer_cancel(timer);
            timer->run(timer);
        } else {
            break;
        }
    }
    now = end;
}

void start_world(void)
{
    on_check_failed = say_when;
    setenv("NET", "10.0.0.1/24,10.0.0.254,10.0.0.254", 1);
    net_init();
}
