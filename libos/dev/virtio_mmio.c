/* SPDX-License-Identifier: MIT */
/*
 * virtio_mmio.c: virtio devices whose registers are simply somewhere in the
 * physical address space, as on QEMU's microvm.
 *
 * Such devices cannot be looked for. The loader names each on the command line:
 * virtio_mmio.device=512@0xfeb00e00:12 is bytes of registers, their address, and
 * the line of the I/O APIC that it interrupts with.
 *
 * Sources: Virtio 1.2, section "Virtio Over MMIO"; Linux, "The kernel's command-line
 * parameters", virtio_mmio.device.
 */
#include <string.h>
#include <sys/mman.h>

#include "console.h"
#include "interrupts.h"
#include "memory_map.h"
#include "paging.h"
#include "start.h"
#include "virtio.h"

enum {
    MAGIC_VALUE = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SELECT = 0x014,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SELECT = 0x024,
    QUEUE_SELECT = 0x030,
    QUEUE_SIZE_MAX = 0x034,
    QUEUE_SIZE = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_ACKNOWLEDGE = 0x064,
    STATUS = 0x070,
    QUEUE_DESCRIPTORS = 0x080,
    QUEUE_DRIVER = 0x090,
    QUEUE_DEVICE = 0x0a0,
    CONFIG = 0x100,
    REGISTERS_SIZE = 0x200
};
enum { MAGIC = 0x74726976, MODERN = 2 }; /* "virt" */
enum { INTERRUPT_USED = 1, INTERRUPT_CONFIG = 2 };

static uint32_t get(struct virtio_device *device, unsigned reg)
{
    return *(volatile uint32_t *)(device->registers + reg);
}

static void set(struct virtio_device *device, unsigned reg, uint32_t value)
{
    *(volatile uint32_t *)(device->registers + reg) = value;
}

static void set_address(struct virtio_device *device, unsigned reg, uint64_t value)
{
    set(device, reg, (uint32_t)value);
    set(device, reg + 4, (uint32_t)(value >> 32));
}

static uint8_t status(struct virtio_device *device)
{
    return (uint8_t)get(device, STATUS);
}

static void set_status(struct virtio_device *device, uint8_t value)
{
    set(device, STATUS, value);
}

static uint64_t features(struct virtio_device *device)
{
    set(device, DEVICE_FEATURES_SELECT, 1);
    uint64_t high = get(device, DEVICE_FEATURES);
    set(device, DEVICE_FEATURES_SELECT, 0);
    return high << 32 | get(device, DEVICE_FEATURES);
}

static void accept(struct virtio_device *device, uint64_t value)
{
    set(device, DRIVER_FEATURES_SELECT, 1);
    set(device, DRIVER_FEATURES, (uint32_t)(value >> 32));
    set(device, DRIVER_FEATURES_SELECT, 0);
    set(device, DRIVER_FEATURES, (uint32_t)value);
}

static unsigned queue_limit(struct virtio_device *device, unsigned queue)
{
    set(device, QUEUE_SELECT, queue);
    return get(device, QUEUE_SIZE_MAX);
}

static bool queue_start(struct virtio_device *device, unsigned queue, unsigned size, uint64_t physical)
{
    set(device, QUEUE_SELECT, queue);
    set(device, QUEUE_SIZE, size);
    set_address(device, QUEUE_DESCRIPTORS, physical + offsetof(struct virtqueue_memory, descriptors));
    set_address(device, QUEUE_DRIVER, physical + offsetof(struct virtqueue_memory, available));
    set_address(device, QUEUE_DEVICE, physical + offsetof(struct virtqueue_memory, used));
    set(device, QUEUE_READY, 1);
    return true;
}

static void notify(struct virtio_device *device, unsigned queue)
{
    set(device, QUEUE_NOTIFY, queue);
}

/* Acknowledged before the queues are looked at: what is used after this raises the line anew. */
static void interrupt(void *context)
{
    struct virtio_device *device = context;

    set(device, INTERRUPT_ACKNOWLEDGE, INTERRUPT_USED | INTERRUPT_CONFIG);
    if (device->work)
        work_ask(device->work);
}

static bool connect(struct virtio_device *device)
{
    int vector = interrupt_vector(interrupt, device);

    if (vector < 0)
        return false;
    ioapic_route(device->where, vector);
    return true;
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

static void add(uint64_t physical, unsigned line)
{
    volatile uint32_t *registers = paging_map_device(physical, REGISTERS_SIZE);

    if (registers[MAGIC_VALUE / 4] != MAGIC)
        return;
    if (registers[VERSION / 4] != MODERN) {
        console_puts("libos: a virtio device is not used: it is a legacy one\n");
        return;
    }
    struct virtio_device *device = virtio_found(&transport, registers[DEVICE_ID / 4]);
    if (!device)
        return;
    device->registers = (volatile uint8_t *)registers;
    device->config = device->registers + CONFIG;
    device->where = line;
}

/* A decimal number, or a hexadecimal one after 0x; leaves `*text` behind it. */
static uint64_t number(const char **text)
{
    uint64_t value = 0;
    unsigned base = 10;

    if ((*text)[0] == '0' && (*text)[1] == 'x') {
        base = 16;
        *text += 2;
    }
    for (;; (*text)++) {
        char c = **text;
        unsigned digit = base;

        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a' + 10);
        if (digit >= base)
            return value;
        value = value * base + digit;
    }
}

static void read_words(const char *text)
{
    char word[64];

    for (;;) {
        while (*text == ' ')
            text++;
        bool named = !strncmp(text, DEVICE_WORD, sizeof DEVICE_WORD - 1);
        if (command_line_word(&text, word, sizeof word) < 0)
            return;
        const char *at = word + sizeof DEVICE_WORD - 1;
        if (!named)
            continue;
        number(&at);
        if (*at++ != '@')
            continue;
        uint64_t physical = number(&at);
        if (*at++ == ':')
            add(physical, (unsigned)number(&at));
    }
}

/* The loader's memory has been out of the address space since the boot: it is back for as long as it is read. */
void virtio_mmio_probe(void)
{
    uintptr_t first = loader_command_line & ~(uintptr_t)(PAGE_SIZE - 1), end = first;

    if (!first || first + MAX_COMMAND_LINE + PAGE_SIZE > PAGE_WINDOW)
        return;
    for (; end < loader_command_line + MAX_COMMAND_LINE; end += PAGE_SIZE)
        paging_map(end, end, PROT_READ);
    read_words((const char *)loader_command_line);
    for (uintptr_t page = first; page < end; page += PAGE_SIZE)
        paging_unmap(page);
}
