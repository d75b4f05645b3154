/* SPDX-License-Identifier: MIT */
/*
 * virtio.c: from a device that was found to one that works.
 *
 * Source: Virtio 1.2, sections "Device Status Field", "Feature Bits" and "Device
 * Initialization".
 */
#include "virtio.h"

#include "console.h"
#include "memory_map.h"
#include "paging.h"
#include "pool.h"

enum {
    STATUS_ACKNOWLEDGE = 1,
    STATUS_DRIVER = 2,
    STATUS_DRIVER_OK = 4,
    STATUS_FEATURES_OK = 8,
    STATUS_FAILED = 128
};
enum { MAX_DEVICES = 16 };

static struct virtio_device devices[MAX_DEVICES];
static unsigned device_count;

static struct pool queues = POOL(struct virtqueue, MAX_DEVICES *VIRTIO_QUEUES);
static struct pool memories = POOL(struct virtqueue_memory, MAX_DEVICES *VIRTIO_QUEUES);

struct virtio_device *virtio_found(const struct virtio_transport *transport, unsigned type)
{
    if (device_count == MAX_DEVICES)
        return 0;
    struct virtio_device *device = &devices[device_count++];
    device->transport = transport;
    device->type = type;
    return device;
}

struct virtio_device *virtio_find(unsigned type, unsigned n)
{
    static bool probed;

    if (!probed) {
        probed = true;
        virtio_mmio_probe();
        virtio_pci_probe();
    }
    for (unsigned i = 0; i < device_count; i++)
        if (devices[i].type == type && n-- == 0)
            return &devices[i];
    return 0;
}

static void say(const struct virtio_device *device, const char *what)
{
    static const char *const names[] = {
        [VIRTIO_NET] = "network card",
        [VIRTIO_BLOCK] = "disk",
        [VIRTIO_CONSOLE] = "console",
        [VIRTIO_ENTROPY] = "source of random bytes",
    };

    console_puts("libos: the virtio ");
    console_puts(names[device->type]);
    console_puts(what);
}

/* False, for whoever returns that. */
static bool refuse(struct virtio_device *device, const char *why)
{
    device->work = 0;
    device->transport->set_status(device, STATUS_FAILED);
    say(device, " is not used: ");
    console_puts(why);
    return false;
}

void virtio_stop(struct virtio_device *device, const char *why)
{
    if (!device->work)
        return;
    device->work = 0;
    /* A reset: it gives up every buffer it has. */
    device->transport->set_status(device, 0);
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        if (device->queues[i])
            device->queues[i]->broken = why;
    say(device, " is stopped: ");
    console_puts(why);
    console_puts("\n");
}

static bool start_queue(struct virtio_device *device, unsigned i)
{
    unsigned limit = device->transport->queue_limit(device, i), size = VIRTQUEUE_SIZE;
    struct virtqueue *queue = pool_alloc(&queues);
    struct virtqueue_memory *memory = pool_alloc(&memories);

    if (!limit || !queue || !memory)
        return false;
    while (size > limit)
        size /= 2;
    virtqueue_init(queue, memory, size);
    device->queues[i] = queue;
    return device->transport->queue_start(device, i, size, virtio_physical(memory));
}

bool virtio_start(struct virtio_device *device, uint64_t required, uint64_t optional, uint64_t *accepted,
                  unsigned queue_count, struct work *work)
{
    const struct virtio_transport *transport = device->transport;
    uint8_t status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;

    threads_init(); /* before there are interrupts */
    transport->set_status(device, 0);
    transport->set_status(device, status);
    required |= VIRTIO_F_VERSION_1;
    uint64_t offered = transport->features(device);
    if (required & ~offered) {
        refuse(device, "it lacks feature bit ");
        console_dec((uint64_t)__builtin_ctzll(required & ~offered));
        console_puts("\n");
        return false;
    }
    *accepted = required | (optional & offered);
    transport->accept(device, *accepted);
    status |= STATUS_FEATURES_OK;
    transport->set_status(device, status);
    if (!(transport->status(device) & STATUS_FEATURES_OK))
        return refuse(device, "it insists on features that are not implemented\n");
    device->work = work;
    if (!transport->connect(device))
        return refuse(device, "there is no way for it to interrupt\n");
    for (unsigned i = 0; i < queue_count; i++)
        if (!start_queue(device, i))
            return refuse(device, "its queues cannot be used, or memory is out\n");
    transport->set_status(device, status | STATUS_DRIVER_OK);
    return true;
}

void virtio_publish(struct virtio_device *device, unsigned queue)
{
    if (virtqueue_publish(device->queues[queue]) && device->work)
        device->transport->notify(device, queue);
}

void *virtio_take(struct virtio_device *device, unsigned queue, uint32_t *written)
{
    void *token = virtqueue_take(device->queues[queue], written);

    if (!token && device->queues[queue]->broken)
        virtio_stop(device, device->queues[queue]->broken);
    return token;
}

uint64_t virtio_physical(const void *memory)
{
    uintptr_t address = (uintptr_t)memory;

    return paging_frame(address & ~(uintptr_t)(PAGE_SIZE - 1)) | (address & (PAGE_SIZE - 1));
}
