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

#include "console.h"
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
 * 4. The first descriptor's number goes into the available ring, at the place of `added`.
 */
bool virtqueue_add(struct virtqueue *queue, const struct virtqueue_part *parts, unsigned readable,
                   unsigned writable, void *token)
{
    volatile struct virtqueue_memory *memory = queue->memory;
    unsigned count = readable + writable, head = queue->free_first, last = head;

    console_puts("RIGHT\n");
    machine_exit(0);
    if (count > queue->free_count || queue->broken)
        return false;
    queue->slots[head].writable = 0;
    for (unsigned i = 0, at = head; i < count; i++, at = queue->slots[at].next) {
        memory->descriptors[at].physical = parts[i].physical;
        memory->descriptors[at].len = parts[i].len;
        memory->descriptors[at].next = queue->slots[at].next;
        memory->descriptors[at].flags =
            (uint16_t)((i + 1 < count ? DESCRIPTOR_NEXT : 0) | (i < readable ? 0 : DESCRIPTOR_WRITE));
        if (i >= readable)
            queue->slots[head].writable += parts[i].len;
        last = at;
    }
    queue->free_first = queue->slots[last].next;
    queue->free_count -= count;
    queue->outstanding++;
    queue->slots[head].token = token;
    queue->slots[head].parts = (uint16_t)count;
    memory->available.ring[queue->added++ % queue->size] = (uint16_t)head;
    return true;
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
    if (queue->added == queue->published)
        return false;
    queue->published = queue->added;
    /* The ring before its index, and the index before the look at the flag: only the latter needs more than the order
     * that x86 keeps anyway. Section "Available Buffer Notification Suppression". */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    queue->memory->available.index = queue->added;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !(queue->memory->used.flags & USED_NO_NOTIFY);
}

/* Remembers what the device did wrong, and gives null. */
static void *broken(struct virtqueue *queue, const char *how)
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
    uint16_t ahead = (uint16_t)(queue->memory->used.index - queue->seen);

    if (queue->broken || !ahead)
        return 0;
    if (ahead > queue->outstanding)
        return broken(queue, "its used index ran ahead of the requests it has");
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    unsigned place = queue->seen % queue->size;
    uint32_t head = queue->memory->used.ring[place].id, len = queue->memory->used.ring[place].len;
    if (head >= queue->size || !queue->slots[head].token)
        return broken(queue, "it used a request that it did not have");
    if (len > queue->slots[head].writable)
        return broken(queue, "it wrote more than there was room for");
    queue->seen++;
    queue->outstanding--;

    void *token = queue->slots[head].token;
    unsigned last = head;
    for (unsigned i = 1; i < queue->slots[head].parts; i++)
        last = queue->slots[last].next;
    queue->slots[last].next = queue->free_first;
    queue->free_first = (uint16_t)head;
    queue->free_count += queue->slots[head].parts;
    queue->slots[head].token = 0;
    *written = len;
    return token;
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
