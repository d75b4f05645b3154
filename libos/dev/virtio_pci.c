/* SPDX-License-Identifier: MIT */
/*
 * virtio_pci.c: virtio devices on the PCI bus, as on QEMU's q35 and pc.
 *
 * A device says in its capabilities where its registers are. All its interrupts are
 * one message; nothing has to be acknowledged.
 *
 * Source: Virtio 1.2, section "Virtio Over PCI Bus".
 */
#include "console.h"
#include "interrupts.h"
#include "pci.h"
#include "virtio.h"

enum { VENDOR = 0x1af4, FIRST_LEGACY = 0x1000, FIRST_MODERN = 0x1040, LAST_MODERN = 0x107f };
/* Fields of a capability, and its kinds. */
enum { CAPABILITY_KIND = 3, CAPABILITY_BAR = 4, CAPABILITY_OFFSET = 8, CAPABILITY_LENGTH = 12 };
enum { CAPABILITY_STRIDE = 16, KIND_COMMON = 1, KIND_NOTIFY = 2, KIND_DEVICE = 4 };
/* The common registers, and how many bytes they are. */
enum {
    DEVICE_FEATURE_SELECT = 0x00,
    DEVICE_FEATURE = 0x04,
    DRIVER_FEATURE_SELECT = 0x08,
    DRIVER_FEATURE = 0x0c,
    DEVICE_STATUS = 0x14,
    QUEUE_SELECT = 0x16,
    QUEUE_SIZE = 0x18,
    QUEUE_VECTOR = 0x1a,
    QUEUE_ENABLE = 0x1c,
    QUEUE_NOTIFY_OFFSET = 0x1e,
    QUEUE_DESCRIPTORS = 0x20,
    QUEUE_DRIVER = 0x28,
    QUEUE_DEVICE = 0x30,
    COMMON_SIZE = 0x38
};

static volatile uint16_t *register16(struct virtio_device *device, unsigned reg)
{
    return (volatile uint16_t *)(device->registers + reg);
}

static volatile uint32_t *register32(struct virtio_device *device, unsigned reg)
{
    return (volatile uint32_t *)(device->registers + reg);
}

static void set_address(struct virtio_device *device, unsigned reg, uint64_t value)
{
    *register32(device, reg) = (uint32_t)value;
    *register32(device, reg + 4) = (uint32_t)(value >> 32);
}

static uint8_t status(struct virtio_device *device)
{
    return device->registers[DEVICE_STATUS];
}

/* A reset is over when the device says so. */
static void set_status(struct virtio_device *device, uint8_t value)
{
    device->registers[DEVICE_STATUS] = value;
    while (!value && status(device))
        ;
}

static uint64_t features(struct virtio_device *device)
{
    *register32(device, DEVICE_FEATURE_SELECT) = 1;
    uint64_t high = *register32(device, DEVICE_FEATURE);
    *register32(device, DEVICE_FEATURE_SELECT) = 0;
    return high << 32 | *register32(device, DEVICE_FEATURE);
}

static void accept(struct virtio_device *device, uint64_t value)
{
    *register32(device, DRIVER_FEATURE_SELECT) = 1;
    *register32(device, DRIVER_FEATURE) = (uint32_t)(value >> 32);
    *register32(device, DRIVER_FEATURE_SELECT) = 0;
    *register32(device, DRIVER_FEATURE) = (uint32_t)value;
}

static unsigned queue_limit(struct virtio_device *device, unsigned queue)
{
    *register16(device, QUEUE_SELECT) = (uint16_t)queue;
    return *register16(device, QUEUE_SIZE);
}

/* Maps part of a structure that a capability points at. */
static volatile void *map(unsigned function, unsigned capability, uint64_t offset, size_t len)
{
    if (!capability || offset + len > pci_read32(function, capability + CAPABILITY_LENGTH))
        return 0;
    return pci_map(function, pci_read8(function, capability + CAPABILITY_BAR),
                   pci_read32(function, capability + CAPABILITY_OFFSET) + offset, len);
}

static unsigned find(unsigned function, uint8_t kind)
{
    unsigned at = 0;

    do
        at = pci_capability(function, PCI_CAPABILITY_VENDOR, at);
    while (at && pci_read8(function, at + CAPABILITY_KIND) != kind);
    return at;
}

static bool queue_start(struct virtio_device *device, unsigned queue, unsigned size, uint64_t physical)
{
    unsigned capability = find(device->where, KIND_NOTIFY);

    *register16(device, QUEUE_SELECT) = (uint16_t)queue;
    *register16(device, QUEUE_SIZE) = (uint16_t)size;
    *register16(device, QUEUE_VECTOR) = 0;
    if (*register16(device, QUEUE_VECTOR) != 0)
        return false;
    uint64_t offset = *register16(device, QUEUE_NOTIFY_OFFSET);
    if (capability)
        offset *= pci_read32(device->where, capability + CAPABILITY_STRIDE);
    device->doorbells[queue] = map(device->where, capability, offset, sizeof(uint16_t));
    if (!device->doorbells[queue])
        return false;
    set_address(device, QUEUE_DESCRIPTORS, physical + offsetof(struct virtqueue_memory, descriptors));
    set_address(device, QUEUE_DRIVER, physical + offsetof(struct virtqueue_memory, available));
    set_address(device, QUEUE_DEVICE, physical + offsetof(struct virtqueue_memory, used));
    *register16(device, QUEUE_ENABLE) = 1;
    return true;
}

static void notify(struct virtio_device *device, unsigned queue)
{
    *device->doorbells[queue] = (uint16_t)queue;
}

static void interrupt(void *context)
{
    struct virtio_device *device = context;

    if (device->work)
        work_ask(device->work);
}

static bool connect(struct virtio_device *device)
{
    int vector = interrupt_vector(interrupt, device);

    return vector >= 0 && pci_connect(device->where, vector);
}

static const struct virtio_transport transport = {
    .status = status,
    .set_status = set_status,
    .features = features,
    .accept = accept,
    .queue_limit = queue_limit,
    .queue_start = queue_start,
    .notify = notify,
    .connect = connect,
};

static void add(unsigned function, unsigned type)
{
    pci_enable(function);
    volatile void *common = map(function, find(function, KIND_COMMON), 0, COMMON_SIZE);
    if (!common) {
        console_puts("libos: a virtio device is not used: its registers are nowhere\n");
        return;
    }
    struct virtio_device *device = virtio_found(&transport, type);
    if (!device)
        return;
    unsigned config = find(function, KIND_DEVICE);
    device->registers = common;
    if (config)
        device->config = map(function, config, 0, pci_read32(function, config + CAPABILITY_LENGTH));
    device->where = function;
}

void virtio_pci_probe(void)
{
    for (unsigned function = 0; (function = pci_next(function)) < PCI_FUNCTIONS; function++) {
        unsigned id = pci_read16(function, PCI_DEVICE);

        if (pci_read16(function, PCI_VENDOR) != VENDOR || id < FIRST_LEGACY || id > LAST_MODERN)
            continue;
        if (id < FIRST_MODERN)
            console_puts("libos: a virtio device is not used: it is a legacy one\n");
        else
            add(function, id - FIRST_MODERN);
    }
}
