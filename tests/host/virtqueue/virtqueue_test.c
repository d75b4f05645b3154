/* SPDX-License-Identifier: MIT */
/*
 * A virtqueue between a driver that does things at random and a device that is played here: an honest one, by whose
 * rules every request must come back once, as it was; and one that writes anything anywhere in the shared memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virtqueue.h"

#define CHECK(condition)                                                                                           \
    do {                                                                                                           \
        if (!(condition)) {                                                                                        \
            printf("FAILED line %d: %s (seed %u)\n", __LINE__, #condition, seed);                                  \
            exit(1);                                                                                               \
        }                                                                                                          \
    } while (0)

enum { NEXT = 1, WRITE = 2, NO_INTERRUPT = 1, NO_NOTIFY = 1 };
enum { MOST_PARTS = 6 };

static unsigned seed, state;

static unsigned draw(unsigned below)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
}

struct request {
    struct virtqueue_part parts[MOST_PARTS];
    unsigned readable, writable;
    uint32_t room, used; /* bytes that may be written; that the honest device said it wrote */
    bool lent;
};

static struct request requests[VIRTQUEUE_SIZE];
static struct virtqueue_memory memory;
static struct virtqueue queue;
static unsigned size, lent;

static void begin(void)
{
    size = 1u << (1 + draw(7));
    lent = 0;
    memset(requests, 0, sizeof requests);
    memset(&memory, 0, sizeof memory);
    virtqueue_init(&queue, &memory, size);
}

/* ---- the driver ----------------------------------------------------------- */

static unsigned parts_lent(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < VIRTQUEUE_SIZE; i++)
        count += requests[i].lent ? requests[i].readable + requests[i].writable : 0;
    return count;
}

static void add(void)
{
    struct request *request = requests;

    while (request->lent)
        request++;
    do {
        request->readable = draw(MOST_PARTS / 2 + 1);
        request->writable = draw(MOST_PARTS / 2 + 1);
    } while (!(request->readable + request->writable));
    request->room = 0;
    for (unsigned i = 0; i < request->readable + request->writable; i++) {
        request->parts[i] = (struct virtqueue_part){draw(1 << 20), 1 + draw(5000)};
        request->room += i < request->readable ? 0 : request->parts[i].len;
    }
    bool fits = parts_lent() + request->readable + request->writable <= size;
    bool added = virtqueue_add(&queue, request->parts, request->readable, request->writable, request);
    CHECK(added == (fits && !queue.broken));
    request->lent = added;
    lent += added;
}

/* Whatever the device does: nothing comes back that was not lent, nor longer than it is. */
static struct request *take(void)
{
    uint32_t written = 0;
    struct request *request = virtqueue_take(&queue, &written);

    if (!request)
        return 0;
    CHECK(request >= requests && request < requests + VIRTQUEUE_SIZE);
    CHECK((size_t)((char *)request - (char *)requests) % sizeof *request == 0);
    CHECK(request->lent && written <= request->room);
    request->lent = false;
    lent--;
    CHECK(queue.outstanding == lent && queue.free_count + parts_lent() == size);
    request->used -= written; /* the honest device's is then 0 */
    return request;
}

/* ---- an honest device ----------------------------------------------------- */

static uint16_t device_seen;
static unsigned held[VIRTQUEUE_SIZE], held_count;

/* Reads a chain as the specification has it, and finds the request that looks so. */
static struct request *read_chain(unsigned at)
{
    struct request *request = 0;

    for (unsigned i = 0; i < VIRTQUEUE_SIZE && !request; i++) {
        struct request *r = &requests[i];
        unsigned d = at, count = r->readable + r->writable, n = 0;

        for (; r->lent && n < count; d = memory.descriptors[d].next, n++) {
            uint16_t flags = memory.descriptors[d].flags;
            if (memory.descriptors[d].physical != r->parts[n].physical ||
                memory.descriptors[d].len != r->parts[n].len || !(flags & WRITE) != (n < r->readable) ||
                !(flags & NEXT) != (n + 1 == count))
                break;
        }
        if (r->lent && n == count)
            request = r;
    }
    return request;
}

static void device_works(void)
{
    while (device_seen != memory.available.index)
        held[held_count++] = memory.available.ring[device_seen++ % size];
    while (held_count && draw(3)) {
        unsigned which = draw(held_count), head = held[which];
        struct request *request = read_chain(head);

        CHECK(request);
        request->used = request->room ? draw(request->room + 1) : 0;
        memory.used.ring[memory.used.index % size].id = head;
        memory.used.ring[memory.used.index % size].len = request->used;
        memory.used.index++;
        held[which] = held[--held_count];
    }
}

/* How many requests came back. */
static unsigned honest(void)
{
    unsigned taken = 0;

    begin();
    device_seen = 0;
    held_count = 0;
    for (unsigned step = 0; step < 400000; step++) {
        switch (draw(4)) {
        case 0:
        case 1:
            if (lent < VIRTQUEUE_SIZE)
                add();
            break;
        case 2: {
            bool more = queue.added != queue.published;

            memory.used.flags = (uint16_t)draw(2);
            CHECK(virtqueue_publish(&queue) == (more && !(memory.used.flags & NO_NOTIFY)));
            CHECK(memory.available.index == queue.added);
            device_works();
            break;
        }
        default:
            virtqueue_mute(&queue);
            CHECK(memory.available.flags & NO_INTERRUPT);
            CHECK(virtqueue_unmute(&queue) == (memory.used.index != queue.seen));
            CHECK(!(memory.available.flags & NO_INTERRUPT));
            for (struct request *request; (request = take()); taken++)
                CHECK(request->used == 0);
            CHECK(memory.used.index == queue.seen && !queue.broken);
        }
    }
    return taken;
}

/* ---- a hostile device ----------------------------------------------------- */

static void device_rages(void)
{
    unsigned place = draw(size);

    switch (draw(8)) {
    case 0:
        memory.used.index = (uint16_t)draw(1 << 16);
        break;
    case 1:
        memory.used.index--;
        break;
    case 2: /* what was used is used again */
        memory.used.index++;
        break;
    case 3:
        memory.used.ring[place].id = draw(2) ? draw(1 << 24) : draw(2 * VIRTQUEUE_SIZE);
        break;
    case 4:
        memory.used.ring[place].len = draw(2) ? UINT32_MAX - draw(10) : draw(10000);
        break;
    case 5:
        memory.descriptors[place].next = (uint16_t)draw(1 << 16);
        memory.descriptors[place].flags = (uint16_t)draw(1 << 16);
        memory.descriptors[place].len = draw(1 << 20);
        break;
    case 6:
        memory.available.index = (uint16_t)draw(1 << 16);
        memory.available.ring[place] = (uint16_t)draw(1 << 16);
        break;
    default: /* for once, something that is plausible */
        memory.used.ring[memory.used.index % size].id = draw(size);
        memory.used.ring[memory.used.index % size].len = draw(2) ? 0 : draw(5000);
        memory.used.index++;
    }
}

/* Which of the breaches it found. */
static const char *hostile(void)
{
    begin();
    for (unsigned step = 0; step < 2000 && !queue.broken; step++) {
        if (lent < VIRTQUEUE_SIZE && draw(4))
            add();
        virtqueue_publish(&queue);
        device_rages();
        while (take())
            ;
        if (draw(2))
            virtqueue_mute(&queue);
        else
            virtqueue_unmute(&queue);
    }
    unsigned left = lent;
    if (queue.broken)
        for (unsigned i = 0; i < 10; i++) {
            device_rages();
            if (lent < VIRTQUEUE_SIZE)
                add();
            CHECK(!take() && !virtqueue_unmute(&queue));
        }
    CHECK(lent == left);
    return queue.broken;
}

int main(void)
{
    const char *seen[3] = {0};

    unsigned most = 0;
    for (seed = 1; seed <= 8; seed++) {
        state = seed;
        unsigned taken = honest();
        most = taken > most ? taken : most;
    }
    CHECK(most > UINT16_MAX); /* so the indices have wrapped */
    for (seed = 1; seed <= 20000; seed++) {
        state = seed;
        const char *how = hostile();

        for (unsigned i = 0; how && i < 3; i++)
            if (!seen[i] || seen[i] == how) {
                seen[i] = how;
                break;
            }
    }
    CHECK(seen[2]); /* every kind of breach was met, and noticed */
    return 0;
}
