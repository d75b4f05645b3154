/* SPDX-License-Identifier: MIT */
/*
 * virtio_blk.c: disks. Two functions are yours: request() and start().
 *
 * The device reads and writes the caller's memory itself, a part for each page. It
 * heeds no page tables: so that a buffer that is not there, or read-only, faults
 * as it would in a copy, each page is touched first.
 *
 * Source: Virtio 1.2, section "Block Device".
 */
#include <errno.h>

#include "block.h"
#include "machine.h"
#include "memory_map.h"
#include "pool.h"
#include "virtio.h"

#define VIRTIO_BLK_F_RO (1ull << 5)
#define VIRTIO_BLK_F_FLUSH (1ull << 9)

enum { REQUESTS, QUEUES };
enum { TYPE_READ = 0, TYPE_WRITE = 1, TYPE_FLUSH = 4, STATUS_OK = 0, NO_STATUS = 0xff };
enum { CONFIG_SECTORS = 0 };
/* Half a queue, so that two requests at least are with the device. Two parts are the header and the status. */
enum { MAX_DISKS = 8, MOST_PARTS = VIRTQUEUE_SIZE / 2, NO_DATA = 2 };

struct disk {
    struct block_device block;
    struct virtio_device *device;
    unsigned parts; /* in one request, at most */
    bool flushes;
    struct wait_queue waiters; /* for room in the queue, or for a request: each looks for itself */
};

/* What the device reads and writes beside the data. An object of a pool does not cross a page. */
struct request {
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header;
    volatile uint8_t status;
    bool done;
};

static struct disk disks[MAX_DISKS];
static struct pool requests = POOL(struct request, SIZE_MAX);

/* ---- completion -------------------------------------------------------------- */

static void work_run(void)
{
    for (struct disk *disk = disks; disk < disks + MAX_DISKS; disk++) {
        struct request *request;
        uint32_t written;

        if (!disk->device)
            continue;
        while ((request = virtio_take(disk->device, REQUESTS, &written)))
            request->done = true;
        wake_all(&disk->waiters);
    }
}

static struct work work = {.run = work_run};

/* ---- requests ------------------------------------------------------------- */

/* Describes a buffer, a part for each page. How many there are. */
static unsigned describe(struct virtqueue_part *parts, uintptr_t at, size_t len, bool written)
{
    unsigned count = 0;

    while (len) {
        volatile uint8_t *first = (volatile uint8_t *)at;
        size_t run = PAGE_SIZE - at % PAGE_SIZE;

        if (run > len)
            run = len;
        uint8_t touched = *first;
        if (written)
            *first = touched;
        parts[count++] = (struct virtqueue_part){virtio_physical((void *)at), (uint32_t)run};
        at += run;
        len -= run;
    }
    return count;
}

/*
 * One request, from its header to its end: 0, or -EIO. `buf` and `len` are the data; a flush has none.
 *
 * 1. pool_alloc() gives a struct request. Fill in its header. Its status is NO_STATUS until the device has written it,
 *    and it is not done.
 * 2. The parts, in this order: the header, the data (describe() makes its parts, and says how many), the status byte.
 *    Physical addresses: virtio_physical(). Which of them does the device read, and which does it write?
 * 3. As long as virtio_works(): virtqueue_add() to disk->device->queues[REQUESTS], with the request as its token, and
 *    wait_through_signals(&disk->waiters) while there is no room; virtio_publish(); wait until it is done.
 * 4. Done is not well done: the status says that. Give the request back to its pool.
 */
static int request(struct disk *disk, uint32_t type, uint64_t sector, uintptr_t buf, size_t len)
{
    (void)disk;
    (void)type;
    (void)sector;
    (void)buf;
    (void)len;
    (void)describe;
    (void)requests;
    panic("request() is yours to write");
}

/* As many requests as it takes, one after another: one of the largest is worth far more than its overhead. */
static int transfer(struct disk *disk, uint32_t type, uint64_t sector, uintptr_t buf, size_t sectors)
{
    /* A buffer of n pages' length that begins anywhere lies on n + 1 pages. */
    size_t most = (disk->parts - NO_DATA - 1) * (PAGE_SIZE / SECTOR_SIZE);
    int result = 0;

    if (sector > disk->block.sectors || sectors > disk->block.sectors - sector)
        return -EINVAL;
    while (sectors && result == 0) {
        size_t now = sectors < most ? sectors : most;

        result = request(disk, type, sector, buf, now * SECTOR_SIZE);
        sector += now;
        buf += now * SECTOR_SIZE;
        sectors -= now;
    }
    return result;
}

int block_read(struct block_device *device, uint64_t sector, void *buf, size_t sectors)
{
    return transfer((struct disk *)device, TYPE_READ, sector, (uintptr_t)buf, sectors);
}

int block_write(struct block_device *device, uint64_t sector, const void *buf, size_t sectors)
{
    if (device->read_only)
        return -EROFS;
    return transfer((struct disk *)device, TYPE_WRITE, sector, (uintptr_t)buf, sectors);
}

int block_flush(struct block_device *device)
{
    struct disk *disk = (struct disk *)device;

    /* Without the feature, it keeps nothing back. */
    return disk->flushes ? request(disk, TYPE_FLUSH, 0, 0, 0) : 0;
}

/* ---- starting ------------------------------------------------------------- */

/*
 * Starts a device, and fills in what a disk is: device, block.sectors, block.read_only, flushes, parts.
 *
 * 1. virtio_start() with the features that this driver knows: which are required, and which optional? False: it cannot
 *    be used.
 * 2. The capacity is a field of 64 bits in the device's configuration: virtio_config64(), at CONFIG_SECTORS.
 * 3. What was accepted says whether the disk is read-only, and whether it knows flushes.
 * 4. parts: MOST_PARTS, but no more than the queue has.
 */
static bool start(struct disk *disk, struct virtio_device *device)
{
    (void)disk;
    (void)device;
    (void)work;
    panic("start() is yours to write");
}

struct block_device *block_device(unsigned n)
{
    static unsigned tried;
    struct virtio_device *device;

    /* In order, so that none is started twice, whether or not it works. */
    while (tried <= n && tried < MAX_DISKS && (device = virtio_find(VIRTIO_BLOCK, tried)))
        start(&disks[tried++], device);
    return n < tried && disks[n].device ? &disks[n].block : 0;
}
