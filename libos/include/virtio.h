/* SPDX-License-Identifier: MIT */
/*
 * virtio.h: devices made for virtual machines, found and started.
 *
 * A driver finds a device, starts it, and then talks to it through queues
 * (virtqueue.h). How the registers are reached, the transport, is behind
 * struct virtio_transport. With preemption disabled.
 *
 * A device that breaks the rules of a queue is reset, reported on the console and
 * never used again: from then on its queues give nothing and take nothing.
 *
 * Source: Virtual I/O Device (VIRTIO) Version 1.2. No legacy devices.
 */
#ifndef LIBOS_VIRTIO_H
#define LIBOS_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include "thread.h"
#include "virtqueue.h"

/* Section "Device Types". */
enum { VIRTIO_NET = 1, VIRTIO_BLOCK = 2, VIRTIO_CONSOLE = 3, VIRTIO_ENTROPY = 4 };

/* Section "Reserved Feature Bits". Required of every device: it is no legacy device then. */
#define VIRTIO_F_VERSION_1 (1ull << 32)

enum { VIRTIO_QUEUES = 2 };

struct virtio_device {
    const struct virtio_transport *transport;
    unsigned type;
    unsigned where; /* mmio: the line that it interrupts with; pci: its function */
    volatile uint8_t *registers;
    volatile uint8_t *config; /* what the device says of itself, in its type's own layout; null for nothing */
    volatile uint16_t *doorbells[VIRTIO_QUEUES]; /* pci: what to write to to notify it */
    struct virtqueue *queues[VIRTIO_QUEUES];
    struct work *work; /* asked for by its interrupts */
};

/* The n-th device of a type, from 0; null if there are not so many. The first call looks for all of them. */
struct virtio_device *virtio_find(unsigned type, unsigned n);

/* Starts a device with its first `queues` queues. `work` is what its interrupts ask for. All features of `required` are
 * accepted, and those of `optional` that it has; `accepted` says which. False, and a line on the console that says why,
 * if it cannot be used. */
bool virtio_start(struct virtio_device *device, uint64_t required, uint64_t optional, uint64_t *accepted,
                  unsigned queues, struct work *work);

/* Shows the device what was added to a queue, and notifies it if it wants that. */
void virtio_publish(struct virtio_device *device, unsigned queue);

/* virtqueue_take(), and what is due if it finds the queue broken. */
void *virtio_take(struct virtio_device *device, unsigned queue, uint32_t *written);

/* Stops a device for good, and says why. */
void virtio_stop(struct virtio_device *device, const char *why);

/* True until virtio_stop(). */
static inline bool virtio_works(const struct virtio_device *device)
{
    return device->work;
}

/* A field of 64 bits of what the device says of itself, which is read in halves. */
static inline uint64_t virtio_config64(const struct virtio_device *device, unsigned offset)
{
    volatile uint32_t *halves = (volatile uint32_t *)(device->config + offset);
    uint32_t high, low;

    do {
        high = halves[1];
        low = halves[0];
    } while (high != halves[1]);
    return low | (uint64_t)high << 32;
}

/* Where memory of the library OS or of the program is for a device. It must be mapped; contiguous to the page's end. */
uint64_t virtio_physical(const void *memory);

/* ---- transports ----------------------------------------------------------- */

struct virtio_transport {
    uint8_t (*status)(struct virtio_device *device);
    void (*set_status)(struct virtio_device *device, uint8_t status);
    uint64_t (*features)(struct virtio_device *device);
    void (*accept)(struct virtio_device *device, uint64_t features);
    /* The greatest size that a queue can have; 0 if there is no such queue. */
    unsigned (*queue_limit)(struct virtio_device *device, unsigned queue);
    bool (*queue_start)(struct virtio_device *device, unsigned queue, unsigned size, uint64_t physical);
    void (*notify)(struct virtio_device *device, unsigned queue);
    /* Has its interrupts ask for its work. Before its queues are started. False if that cannot be. */
    bool (*connect)(struct virtio_device *device);
};

/* Takes a device into the list that virtio_find() looks through; a place for it, or null if there are too many. */
struct virtio_device *virtio_found(const struct virtio_transport *transport, unsigned type);

/* Looks for devices, first to last. */
void virtio_mmio_probe(void);
void virtio_pci_probe(void);

#endif
