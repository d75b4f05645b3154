/*
 * trial_ring.c: plays a device on a virtqueue in ordinary memory, and says what is wrong with the driver's side.
 *
 *   trial_ring WORD add|publish|take|long|lies SEED
 *
 * WORD is said when all was right: only the check knows it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virtqueue.h"

enum { NEXT = 1, WRITE = 2, MOST_PARTS = 4 };

#define EXPECT(condition, ...)                                                                                     \
    do {                                                                                                           \
        if (!(condition)) {                                                                                        \
            printf("WRONG " __VA_ARGS__);                                                                          \
            printf("\n");                                                                                          \
            exit(0);                                                                                               \
        }                                                                                                          \
    } while (0)

static struct virtqueue_memory memory;
static struct virtqueue queue;
static unsigned size, seed;

static unsigned draw(unsigned below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

struct request {
    struct virtqueue_part parts[MOST_PARTS];
    unsigned readable, writable, head;
    uint32_t room;
    bool lent;
};

static struct request requests[VIRTQUEUE_SIZE];
static uint16_t taken; /* by the device */

static void make(struct request *request, unsigned readable, unsigned writable)
{
    *request = (struct request){.readable = readable, .writable = writable};
    for (unsigned i = 0; i < readable + writable; i++) {
        request->parts[i] = (struct virtqueue_part){0x100000 + draw(1 << 24), 1 + draw(4096)};
        request->room += i < readable ? 0 : request->parts[i].len;
    }
}

static bool add(struct request *request)
{
    request->lent = virtqueue_add(&queue, request->parts, request->readable, request->writable, request);
    return request->lent;
}

/* What the device finds behind an entry of the available ring. */
static void check_chain(struct request *request, unsigned place)
{
    unsigned count = request->readable + request->writable, head = memory.available.ring[place], at = head;

    request->head = head;
    for (unsigned i = 0; i < count; i++) {
        EXPECT(at < size, "a chain leads to descriptor %u, and the queue has %u", at, size);
        uint16_t flags = memory.descriptors[at].flags;
        EXPECT(memory.descriptors[at].physical == request->parts[i].physical &&
                   memory.descriptors[at].len == request->parts[i].len,
               "place %u of the available ring says that a request of %u parts begins with descriptor %u, and part "
               "%u is not "
               "there: its address and its length",
               place, count, head, i);
        EXPECT(
            !(flags & WRITE) == (i < request->readable),
            "part %u of %u readable and %u writable parts has the wrong flag: VIRTQ_DESC_F_WRITE (2) says that the "
            "device writes it",
            i, request->readable, request->writable);
        EXPECT(!(flags & NEXT) == (i + 1 == count),
               "part %u of %u has the wrong flag: VIRTQ_DESC_F_NEXT (1) says that the chain goes on", i, count);
        at = memory.descriptors[at].next;
    }
}

/* The device takes what was published. */
static struct request *device_takes(void)
{
    if (taken == memory.available.index)
        return 0;
    unsigned head = memory.available.ring[taken++ % size];
    for (unsigned i = 0; i < VIRTQUEUE_SIZE; i++)
        if (requests[i].lent && requests[i].head == head)
            return &requests[i];
    EXPECT(false, "the available ring has %u at place %u, and no request begins with that descriptor", head,
           (taken - 1) % size);
    return 0;
}

static void device_uses(unsigned head, uint32_t written)
{
    memory.used.ring[memory.used.index % size].id = head;
    memory.used.ring[memory.used.index % size].len = written;
    memory.used.index++;
}

static void begin(void)
{
    memset(&memory, 0, sizeof memory);
    memset(requests, 0, sizeof requests);
    taken = 0;
    virtqueue_init(&queue, &memory, size);
}

static void try_add(void)
{
    bool used[VIRTQUEUE_SIZE] = {0};
    unsigned parts = 0;

    for (unsigned n = 0; n < 3; n++) {
        make(&requests[n], 1 + draw(2), draw(3));
        EXPECT(add(&requests[n]), "a request was refused, and there were descriptors enough");
        EXPECT(
            memory.available.index == 0,
            "the available index moved in virtqueue_add(): the device would see a request that is not published");
        check_chain(&requests[n], n);
        for (unsigned i = 0, at = requests[n].head; i < requests[n].readable + requests[n].writable; i++) {
            EXPECT(!used[at], "descriptor %u is in two requests at once", at);
            used[at] = true;
            at = memory.descriptors[at].next;
        }
        parts += requests[n].readable + requests[n].writable;
    }
    struct request large;
    make(&large, 1, 0);
    for (; parts < size; parts++)
        EXPECT(add(&large), "%u of %u descriptors are in use, and a request of one part was refused", parts, size);
    EXPECT(!add(&large), "all %u descriptors are in use, and one more request was taken", size);
}

static void try_publish(void)
{
    make(&requests[0], 1, 1);
    EXPECT(!virtqueue_publish(&queue), "nothing was added, and virtqueue_publish() wants the device to be told");
    add(&requests[0]);
    add(&requests[0]);
    EXPECT(virtqueue_publish(&queue), "the device was not told of what was added");
    EXPECT(memory.available.index == 2, "two requests were added, and the available index says %u",
           memory.available.index);
    EXPECT(!virtqueue_publish(&queue), "nothing new was added, and the device is told again");
    memory.used.flags = 1;
    add(&requests[0]);
    EXPECT(!virtqueue_publish(&queue),
           "the device asked for no notifications (VIRTQ_USED_F_NO_NOTIFY), and would get one");
    EXPECT(memory.available.index == 3, "a request must be published also when the device wants no notification");
}

static void give_and_take(unsigned rounds)
{
    unsigned lent[VIRTQUEUE_SIZE], count, most = size / MOST_PARTS;

    for (unsigned round = 0; round < rounds; round++) {
        count = 1 + draw(most);
        for (unsigned n = 0; n < count; n++) {
            make(&requests[n], 1 + draw(2), draw(3));
            EXPECT(add(&requests[n]),
                   "after %u requests there is no room for another, though all have come back: do their "
                   "descriptors go "
                   "back to the free ones, all of each chain?",
                   round);
            check_chain(&requests[n], (uint16_t)(queue.added - 1) % size);
        }
        virtqueue_publish(&queue);
        for (unsigned n = 0; n < count; n++) {
            struct request *request = device_takes();
            EXPECT(request, "%u requests were added and published, and the available index shows %u", count, n);
            lent[n] = (unsigned)(request - requests);
        }
        while (count) {
            uint32_t written = 12345, said;
            unsigned which = draw(count);
            struct request *request = &requests[lent[which]];

            lent[which] = lent[--count];
            said = request->room ? draw(request->room + 1) : 0;
            device_uses(request->head, said);
            void *token = virtqueue_take(&queue, &written);
            EXPECT(
                token,
                "request number %u was used, and virtqueue_take() gives nothing. The used index was %u, and begins "
                "again after 65,535%s%s",
                round, memory.used.index, queue.broken ? "; the queue was broken: " : "",
                queue.broken ? queue.broken : "");
            EXPECT(token == request, "virtqueue_take() gives another request's token than that which was used");
            EXPECT(written == said, "the device wrote %u bytes, and virtqueue_take() says %u", said, written);
            request->lent = false;
            EXPECT(!virtqueue_take(&queue, &written),
                   "nothing more was used, and virtqueue_take() gives something");
        }
    }
}

static void lie(const char *what, unsigned head, uint32_t written, uint16_t ahead)
{
    begin();
    make(&requests[0], 1, 1);
    make(&requests[1], 1, 0);
    add(&requests[0]);
    add(&requests[1]);
    requests[0].head = memory.available.ring[0];
    virtqueue_publish(&queue);
    device_uses(head == UINT32_MAX ? requests[0].head : head,
                written == UINT32_MAX ? requests[0].room + 1 : written);
    memory.used.index = (uint16_t)(memory.used.index - 1 + ahead);
    uint32_t got = 0;
    EXPECT(!virtqueue_take(&queue, &got), "%s, and virtqueue_take() believed it", what);
    EXPECT(queue.broken, "%s: virtqueue_take() gave nothing, but did not mark the queue as broken", what);
}

/* One of two requests is used and taken, as it should be. Then the device says that it has used so many more, and names
 * one of the two. */
static void lie_later(const char *what, unsigned which, uint16_t more)
{
    uint32_t got = 0;

    begin();
    for (unsigned i = 0; i < 2; i++) {
        make(&requests[i], 1, 1);
        add(&requests[i]);
        requests[i].head = memory.available.ring[i];
    }
    virtqueue_publish(&queue);
    device_uses(requests[0].head, 0);
    EXPECT(virtqueue_take(&queue, &got) == &requests[0], "the first of two requests was used, and not given back");
    for (uint16_t i = 0; i < more; i++)
        device_uses(requests[which].head, 0);
    EXPECT(!virtqueue_take(&queue, &got), "%s, and virtqueue_take() believed it", what);
    EXPECT(queue.broken, "%s: virtqueue_take() gave nothing, but did not mark the queue as broken", what);
}

int main(int argc, char **argv)
{
    seed = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
    size = 1u << (3 + draw(5));
    begin();
    if (!strcmp(argv[2], "add"))
        try_add();
    else if (!strcmp(argv[2], "publish"))
        try_publish();
    else if (!strcmp(argv[2], "take"))
        give_and_take(3 * size);
    else if (!strcmp(argv[2], "long"))
        give_and_take(70000);
    else {
        lie("the device moved the used index a thousand ahead", UINT32_MAX, 0, 1000);
        lie("the device used descriptor 70,000", 70000, 0, 1);
        lie("the device used a descriptor that begins no request", size - 1, 0, 1);
        lie("the device claimed to have written more than there was room for", UINT32_MAX, UINT32_MAX, 1);
        lie_later("the device used a request again that had been taken back", 0, 1);
        lie_later("one request was with the device, and it used two", 1, 2);
    }
    printf("RIGHT %s\n", argv[1]);
    return 0;
}
