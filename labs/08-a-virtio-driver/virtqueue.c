/* SPDX-License-Identifier: MIT */
/*
 * virtqueue.c: split virtqueues. Three functions are yours: their contracts are in libos/include/virtqueue.h.
 *
 * queue->memory is what both sides see. Everything else in struct virtqueue is the driver's own: what it must remember
 * of a request, it remembers there, since the device may write whatever it likes into the shared memory.
 *
 * Source: Virtio 1.2, section "Split Virtqueues".
 */
#include "virtqueue.h"

#include "machine.h"

enum { DESCRIPTOR_NEXT = 1, DESCRIPTOR_WRITE = 2 };
enum { AVAILABLE_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1 };

/* All descriptors are free: each leads to the next by slots[].next, from free_first on. */
void virtqueue_init(struct virtqueue *queue, struct virtqueue_memory *memory, unsigned size)
{
    *queue = (struct virtqueue){.memory = memory, .size = size, .free_count = size};
    for (unsigned i = 0; i < size; i++)
        queue->slots[i].next = (uint16_t)(i + 1);
}

/*
 * Adds a request. Nothing that the device looks at unasked changes: it is shown by virtqueue_publish().
 *
 * 1. More parts than there are free descriptors, or a broken queue: false, and nothing has changed.
 * 2. A descriptor for each part, from free_first on: address, length, the next one, flags.
 * 3. Take them off the list of free ones. Remember, for virtqueue_take(), the token, how many parts there are, and how
 *    many bytes the device may write.
 * 4. The first descriptor's number goes into the available ring, at the place of `added`. The ring has queue->size places,
 *    and `added` counts on.
 */
bool virtqueue_add(struct virtqueue *queue, const struct virtqueue_part *parts, unsigned readable,
                   unsigned writable, void *token)
{
    (void)queue;
    (void)parts;
    (void)readable;
    (void)writable;
    (void)token;
    panic("virtqueue_add() is yours to write");
}

/*
 * Shows the device all that was added. True if it wants to be told.
 *
 * 1. Nothing new: false.
 * 2. The available index moves. Whoever sees it must see the ring's entries too: a fence comes before.
 * 3. Does the device want to be told? It says so in a flag that it may just have changed: another fence.
 */
bool virtqueue_publish(struct virtqueue *queue)
{
    (void)queue;
    panic("virtqueue_publish() is yours to write");
}

/* Remembers what the device did wrong, and gives null. */
__attribute__((unused)) static void *broken(struct virtqueue *queue, const char *how)
{
    queue->broken = how;
    return 0;
}

/*
 * Takes a used request back. Null if there is none, or if the device breaks the rules.
 *
 * 1. How far is the used index ahead of `seen`? Indices have 16 bits and begin again at 0.
 * 2. The entry of the used ring: check it before you believe it. Each number is read once.
 * 3. The chain goes back to the free descriptors; the token is no longer lent.
 */
void *virtqueue_take(struct virtqueue *queue, uint32_t *written)
{
    (void)queue;
    (void)written;
    panic("virtqueue_take() is yours to write");
}

void virtqueue_mute(struct virtqueue *queue)
{
    queue->memory->available.flags = AVAILABLE_NO_INTERRUPT;
}

bool virtqueue_unmute(struct virtqueue *queue)
{
    queue->memory->available.flags = 0;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !queue->broken && queue->memory->used.index != queue->seen;
}
