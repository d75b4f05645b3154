/*
 * trial_blk.c: does what its arguments say with the first disk, and tells what came of it, a line each. The first argument
 * is said when it has come to its end: only the check knows it.
 *
 *   i                         sectors, and whether it is read-only
 *   r:SECTOR:COUNT:SHIFT      reads; the sum of what came (FNV-1a), and whether bytes beside it were touched
 *   w:SECTOR:COUNT:SHIFT:SEED writes bytes that SEED makes
 *   f                         flushes
 *   x:SECTOR                  reads a sector past the end of the real disk
 *   t:ROUNDS                  four threads write and read, each its own sectors
 *
 * SHIFT is where in a page the memory begins.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "current.h"

enum { ROOM = 1 << 20, THREADS = 4, EACH = 4, MARK = 0xee };

static struct block_device *disk;
static uint8_t room[ROOM + 2 * 4096] __attribute__((aligned(4096)));

static void fill(uint8_t *bytes, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

static int locked(bool write, uint64_t sector, uint8_t *at, size_t count)
{
    preempt_disable();
    int result = write ? block_write(disk, sector, at, count) : block_read(disk, sector, at, count);
    preempt_enable();
    return result;
}

static void read_sectors(uint64_t sector, size_t count, size_t shift)
{
    uint8_t *at = room + shift;
    size_t len = count * SECTOR_SIZE;

    memset(room, MARK, sizeof room);
    int result = locked(false, sector, at, count);
    uint64_t sum = 0xcbf29ce484222325;
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ at[i]) * 0x100000001b3;
    bool beside = false;
    for (size_t i = 0; i < sizeof room; i++)
        if ((i < shift || i >= shift + len) && room[i] != MARK)
            beside = true;
    printf("r %d %016llx %s\n", result, (unsigned long long)sum, beside ? "beside" : "clean");
}

static unsigned rounds;
static volatile bool differs;

static void *use(void *arg)
{
    unsigned own = (unsigned)(uintptr_t)arg;
    uint8_t out[EACH * SECTOR_SIZE], in[EACH * SECTOR_SIZE];

    for (unsigned round = 0; round < rounds; round++) {
        fill(out, sizeof out, own * 1000 + round);
        if (locked(true, own * EACH, out, EACH) || locked(false, own * EACH, in, EACH) ||
            memcmp(out, in, sizeof in))
            differs = true;
    }
    return 0;
}

int main(int argc, char **argv)
{
    preempt_disable();
    disk = block_device(0);
    preempt_enable();
    if (!disk) {
        puts("none");
        return 0;
    }
    for (int i = 2; i < argc; i++) {
        char *word = argv[i];
        unsigned long long n[4] = {0};
        unsigned count = 0;

        for (char *next = word + 1; *next == ':' && count < 4;)
            n[count++] = strtoull(next + 1, &next, 10);
        switch (*word) {
        case 'i':
            printf("i %llu %d\n", (unsigned long long)disk->sectors, disk->read_only);
            break;
        case 'r':
            read_sectors(n[0], n[1], n[2]);
            break;
        case 'w':
            fill(room + n[2], n[1] * SECTOR_SIZE, (unsigned)n[3]);
            printf("w %d\n", locked(true, n[0], room + n[2], n[1]));
            break;
        case 'f':
            preempt_disable();
            printf("f %d\n", block_flush(disk));
            preempt_enable();
            break;
        case 'x':
            /* Only the device can know: the driver is told of more sectors than there are. */
            disk->sectors += 8;
            printf("x %d\n", locked(false, n[0], room, 1));
            disk->sectors -= 8;
            break;
        case 't': {
            pthread_t threads[THREADS];

            rounds = (unsigned)n[0];
            for (uintptr_t own = 0; own < THREADS; own++)
                pthread_create(&threads[own], 0, use, (void *)own);
            for (unsigned own = 0; own < THREADS; own++)
                pthread_join(threads[own], 0);
            printf("t %s\n", differs ? "differs" : "same");
            break;
        }
        default:
            break;
        }
    }
    printf("RIGHT %s\n", argv[1]);
    return 0;
}
