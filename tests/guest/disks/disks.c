/* SPDX-License-Identifier: MIT */
/* Disks: what was written is read back, to and from any address, by several threads at once, whatever signals come; and
 * what is refused. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>

#include "block.h"
#include "current.h"

#include "../check.h"

enum { MIB = 1 << 20, THREADS = 4, ROUNDS = 25, SECTORS = 8 };

static struct block_device *disk;

static int locked(int (*call)(struct block_device *, uint64_t, void *, size_t), struct block_device *device,
                  uint64_t sector, void *buf, size_t sectors)
{
    preempt_disable();
    int result = call(device, sector, buf, sectors);
    preempt_enable();
    return result;
}

static int write_sectors(struct block_device *device, uint64_t sector, void *buf, size_t sectors)
{
    return block_write(device, sector, buf, sectors);
}

static int flush(struct block_device *device, uint64_t sector, void *buf, size_t sectors)
{
    (void)sector, (void)buf, (void)sectors;
    return block_flush(device);
}

#define READ(...) locked(block_read, __VA_ARGS__)
#define WRITE(...) locked(write_sectors, __VA_ARGS__)
#define FLUSH(device) locked(flush, device, 0, 0, 0)

static struct block_device *nth(unsigned n)
{
    preempt_disable();
    struct block_device *device = block_device(n);
    preempt_enable();
    return device;
}

static void fill(uint8_t *bytes, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1103515245 + 12345;
        bytes[i] = (uint8_t)(seed >> 16);
    }
}

/* Each thread has an eighth of the disk to itself. */
static void *use(void *arg)
{
    unsigned own = (unsigned)(uintptr_t)arg;
    uint64_t first = own * (disk->sectors / 8);
    uint8_t out[SECTORS * SECTOR_SIZE + 1], in[sizeof out];

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t at = first + round * SECTORS % (disk->sectors / 8 - SECTORS);

        fill(out + 1, sizeof out - 1, own * 1000 + round);
        CHECK(WRITE(disk, at, out + 1, SECTORS) == 0);
        CHECK(READ(disk, at, in, SECTORS) == 0);
        CHECK(memcmp(in, out + 1, sizeof out - 1) == 0);
    }
    return 0;
}

static volatile int alarms;

static void alarmed(int sig)
{
    (void)sig;
    alarms++;
}

int main(void)
{
    static uint8_t a[MIB + 4096], b[MIB + 4096];
    struct block_device *fixed = nth(1);
    pthread_t threads[THREADS];

    disk = nth(0);
    CHECK(disk && fixed && !nth(2) && nth(0) == disk);
    CHECK(disk->sectors == 4 * MIB / SECTOR_SIZE && !disk->read_only);
    CHECK(fixed->sectors == 128 && fixed->read_only);

    /* At the first, the last and a middle byte of a page. */
    const size_t offsets[] = {0, 1, 511, 2049, 4095};
    for (unsigned i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        fill(a, sizeof a, i);
        memset(b, 0xee, sizeof b);
        CHECK(WRITE(disk, i, a + offsets[i], MIB / SECTOR_SIZE) == 0);
        CHECK(READ(disk, i, b + 4095 - offsets[i], MIB / SECTOR_SIZE) == 0);
        CHECK(memcmp(a + offsets[i], b + 4095 - offsets[i], MIB) == 0);
        /* Nothing beside it. */
        for (size_t j = 0; j < sizeof b; j++)
            CHECK(b[j] == 0xee || (j >= 4095 - offsets[i] && j < 4095 - offsets[i] + MIB));
    }
    CHECK(FLUSH(disk) == 0);

    /* The stack's pages are there when they are touched, and so must be these. */
    uint8_t deep[64 * 1024];
    CHECK(READ(disk, 0, deep, sizeof deep / SECTOR_SIZE) == 0);

    CHECK(READ(disk, disk->sectors - 1, b, 1) == 0);
    CHECK(READ(disk, disk->sectors - 1, b, 2) == -EINVAL);
    CHECK(READ(disk, disk->sectors, b, 1) == -EINVAL);
    CHECK(READ(disk, UINT64_MAX, b, 1) == -EINVAL);
    CHECK(WRITE(disk, disk->sectors, b, 1) == -EINVAL);
    CHECK(READ(disk, disk->sectors, b, 0) == 0);

    CHECK(READ(fixed, 0, b, 1) == 0);
    CHECK(memcmp(b, "written by the host", 19) == 0);
    CHECK(WRITE(fixed, 0, b, 1) == -EROFS);
    CHECK(FLUSH(fixed) == 0);

    /* From here on, signals come all the while. */
    const struct itimerval often = {{0, 500}, {0, 500}}, never = {0};
    CHECK(signal(SIGALRM, alarmed) != SIG_ERR);
    CHECK(setitimer(ITIMER_REAL, &often, 0) == 0);
    while (!alarms)
        CHECK(READ(disk, 0, b, MIB / SECTOR_SIZE) == 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], 0, use, (void *)i) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], 0) == 0);
    CHECK(setitimer(ITIMER_REAL, &never, 0) == 0);
    SUCCESS();
}
