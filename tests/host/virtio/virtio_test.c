/* SPDX-License-Identifier: MIT */
/*
 * Starting devices, and stopping them: the order of the steps, and what is said of a device that cannot be used. The
 * transport and what lies below the library OS's drivers are played here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "paging.h"
#include "pool.h"
#include "virtio.h"

#define CHECK(condition)                                                                                           \
    do {                                                                                                           \
        if (!(condition)) {                                                                                        \
            printf("FAILED line %d: %s\nconsole: %s\nsteps: %s\n", __LINE__, #condition, console, steps);          \
            exit(1);                                                                                               \
        }                                                                                                          \
    } while (0)

static char console[1000], steps[1000];

static void note(const char *step, unsigned value)
{
    sprintf(steps + strlen(steps), "%s%x ", step, value);
}

/* ---- the machine ---------------------------------------------------------- */

struct thread main_thread, *current = &main_thread;
volatile bool resched_wanted;
uint64_t process_pending;
void (*resched)(void);
bool (*restart_after_signal)(void);

void console_puts(const char *s)
{
    strcat(console, s);
}

void console_dec(uint64_t value)
{
    sprintf(console + strlen(console), "%lu", (unsigned long)value);
}

void threads_init(void)
{
}

static bool memory_is_out;

/* A page for each, as there is little of it. */
void *pool_alloc(struct pool *pool)
{
    static _Alignas(4096) char pages[40][4096];
    static unsigned used;

    CHECK(pool->size <= 4096 && used < 40);
    return memory_is_out ? 0 : pages[used++];
}

uint64_t paging_frame(uintptr_t page)
{
    return page;
}

/* ---- a transport ---------------------------------------------------------- */

static uint64_t offered, taken;
static uint8_t now;
static unsigned limit;
static bool refuses_features, has_interrupt;

static uint8_t status(struct virtio_device *device)
{
    (void)device;
    return now;
}

static void set_status(struct virtio_device *device, uint8_t value)
{
    (void)device;
    note("status ", value);
    now = refuses_features ? value & ~8 : value;
}

static uint64_t features(struct virtio_device *device)
{
    (void)device;
    return offered;
}

static void accept_features(struct virtio_device *device, uint64_t value)
{
    (void)device;
    note("accept", 0);
    taken = value;
}

static unsigned queue_limit(struct virtio_device *device, unsigned queue)
{
    (void)device, (void)queue;
    return limit;
}

static bool queue_start(struct virtio_device *device, unsigned queue, unsigned size, uint64_t physical)
{
    (void)device;
    CHECK(physical % 4096 == 0);
    note("queue ", queue);
    note("size ", size);
    return true;
}

static void notify(struct virtio_device *device, unsigned queue)
{
    (void)device;
    note("notify ", queue);
}

static bool connect(struct virtio_device *device)
{
    (void)device;
    note("connect", 0);
    return has_interrupt;
}

static const struct virtio_transport transport = {
    .status = status,
    .set_status = set_status,
    .features = features,
    .accept = accept_features,
    .queue_limit = queue_limit,
    .queue_start = queue_start,
    .notify = notify,
    .connect = connect,
};

void virtio_mmio_probe(void)
{
    CHECK(virtio_found(&transport, VIRTIO_BLOCK) && virtio_found(&transport, VIRTIO_NET));
}

void virtio_pci_probe(void)
{
    CHECK(virtio_found(&transport, VIRTIO_BLOCK));
    for (unsigned i = 3; i < 16; i++)
        CHECK(virtio_found(&transport, VIRTIO_ENTROPY));
    CHECK(!virtio_found(&transport, VIRTIO_ENTROPY));
}

/* ---- tests ---------------------------------------------------------------- */

static struct work work;

/* A sound device; each test then takes something away. */
static void begin(void)
{
    offered = VIRTIO_F_VERSION_1 | 1 << 5 | 1 << 9 | 1 << 20;
    limit = 1024;
    refuses_features = memory_is_out = false;
    has_interrupt = true;
    console[0] = steps[0] = 0;
}

static bool start(struct virtio_device *device, uint64_t required)
{
    uint64_t accepted = 0;
    bool started = virtio_start(device, required, 1 << 9 | 1 << 11, &accepted, 2, &work);

    CHECK(started == virtio_works(device));
    CHECK(!started || accepted == taken);
    return started;
}

int main(void)
{
    struct virtio_device *disk = virtio_find(VIRTIO_BLOCK, 0), *other = virtio_find(VIRTIO_BLOCK, 1);

    CHECK(disk && other && disk != other && !virtio_find(VIRTIO_BLOCK, 2));
    CHECK(virtio_find(VIRTIO_NET, 0) && !virtio_find(VIRTIO_CONSOLE, 0));

    begin();
    CHECK(start(disk, 1 << 5));
    CHECK(taken == (VIRTIO_F_VERSION_1 | 1 << 5 | 1 << 9));
    CHECK(!strcmp(steps, "status 0 status 3 accept0 status b connect0 queue 0 size 80 queue 1 size 80 status f "));
    CHECK(!console[0]);

    begin();
    limit = 8;
    CHECK(start(disk, 0));
    CHECK(disk->queues[0]->size == 8 && disk->queues[1]->size == 8);

    begin();
    CHECK(!start(disk, 1 << 6));
    CHECK(!strcmp(console, "libos: the virtio disk is not used: it lacks feature bit 6\n"));
    CHECK(now == 128);

    begin();
    offered &= ~VIRTIO_F_VERSION_1;
    CHECK(!start(disk, 0));
    CHECK(!strcmp(console, "libos: the virtio disk is not used: it lacks feature bit 32\n"));

    begin();
    refuses_features = true;
    CHECK(!start(disk, 0));
    CHECK(strstr(console, "insists on features"));
    CHECK(!strstr(steps, "queue"));

    begin();
    limit = 0;
    CHECK(!start(disk, 0) && strstr(console, "queues cannot be used"));

    begin();
    memory_is_out = true;
    CHECK(!start(disk, 0) && strstr(console, "memory is out"));

    begin();
    has_interrupt = false;
    CHECK(!start(disk, 0) && strstr(console, "no way for it to interrupt"));

    /* Notified when it wants to be; no longer once it has broken a rule. */
    begin();
    CHECK(start(disk, 0));
    struct virtqueue *queue = disk->queues[1];
    struct virtqueue_part part = {4096, 10};
    uint32_t written;
    steps[0] = 0;
    CHECK(virtqueue_add(queue, &part, 0, 1, &part));
    virtio_publish(disk, 1);
    virtio_publish(disk, 1);
    CHECK(!strcmp(steps, "notify 1 "));
    queue->memory->used.flags = 1;
    CHECK(virtqueue_add(queue, &part, 0, 1, &part));
    virtio_publish(disk, 1);
    CHECK(!strcmp(steps, "notify 1 "));
    queue->memory->used.flags = 0;
    queue->memory->used.ring[0].len = 11;
    queue->memory->used.index = 1;
    CHECK(!virtio_take(disk, 1, &written));
    CHECK(!virtio_take(disk, 1, &written));
    CHECK(!strcmp(console, "libos: the virtio disk is stopped: it wrote more than there was room for\n"));
    CHECK(!strcmp(steps, "notify 1 status 0 ") && !virtio_works(disk));
    CHECK(!virtqueue_add(disk->queues[0], &part, 0, 1, &part));
    return 0;
}
