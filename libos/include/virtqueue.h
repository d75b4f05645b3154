/* SPDX-License-Identifier: MIT */
/*
 * virtqueue.h: the ring through which a driver hands buffers to a virtio device
 * and gets them back.
 *
 * A request is a chain of parts: first those that the device reads, then those
 * that it writes. The driver adds requests, publishes them, and takes them back
 * when the device has used them, in whatever order. Nothing here waits, and
 * nothing here touches hardware. With preemption disabled.
 */
#ifndef LIBOS_VIRTQUEUE_H
#define LIBOS_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many parts at most are with a device. With 128, all that the device reads and writes of a queue is in one page. */
enum { VIRTQUEUE_SIZE = 128 };

/* What both sides see. Virtio 1.2, section "Split Virtqueues". */
struct virtqueue_memory {
    struct {
        uint64_t physical;
        uint32_t len;
        uint16_t flags, next;
    } descriptors[VIRTQUEUE_SIZE];
    struct {
        uint16_t flags, index, ring[VIRTQUEUE_SIZE], unused;
    } available;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t id, len;
        } ring[VIRTQUEUE_SIZE];
    } used;
};

/* What only the driver sees. The device may write whatever it likes into the memory above: what was lent to it is
 * remembered here. */
struct virtqueue {
    volatile struct virtqueue_memory *memory;
    unsigned size;
    unsigned free_count, outstanding; /* parts that are not with the device; requests that are */
    uint16_t free_first, added, published, seen;
    const char *broken; /* what the device did that no device may do; null while it has not */
    struct {
        void *token;       /* whose request begins with this descriptor; null if none does */
        uint32_t writable; /* bytes that the device may write */
        uint16_t next, parts;
    } slots[VIRTQUEUE_SIZE];
};

/* A part of a request: physically contiguous. */
struct virtqueue_part {
    uint64_t physical;
    uint32_t len;
};

/* Makes a queue of `size` parts, a power of two up to VIRTQUEUE_SIZE, in memory that is zero. */
void virtqueue_init(struct virtqueue *queue, struct virtqueue_memory *memory, unsigned size);

/* Adds a request of `readable` and then `writable` parts, known by `token`, which is not null. False if there is no
 * room now. */
bool virtqueue_add(struct virtqueue *queue, const struct virtqueue_part *parts, unsigned readable,
                   unsigned writable, void *token);

/* Shows the device what was added. True if it wants to be notified; otherwise it is busy and will look by itself. */
bool virtqueue_publish(struct virtqueue *queue);

/* Takes a used request back: its token, and how many bytes the device says it wrote, which are never more than there
 * was room for. Null if there is none, or the queue is broken. */
void *virtqueue_take(struct virtqueue *queue, uint32_t *written);

/* Asks the device for no interrupts, or for one at the next used request. The latter says whether a request was used
 * meanwhile: then there may be no interrupt for it. */
void virtqueue_mute(struct virtqueue *queue);
bool virtqueue_unmute(struct virtqueue *queue);

#endif
