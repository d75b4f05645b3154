/*
 * trial_rng.c: asks the driver for random bytes, as many as its arguments say, and looks where they came to lie.
 *
 *   trial_rng WORD LENGTH...
 *
 * WORD is said when all was right: only the check knows it. The bytes go to two pages of memory whose frames are not
 * neighbours.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "current.h"
#include "virtio.h"

size_t libos_virtio_rng_draw(uint8_t *out, size_t len);

enum { THREADS = 4, ROUNDS = 60, AT_ONCE = 256, ROOM = 1024, MARK = 0xee, PAGE = 4096 };

#define EXPECT(condition, ...)                                                                                     \
    do {                                                                                                           \
        if (!(condition)) {                                                                                        \
            printf("WRONG " __VA_ARGS__);                                                                          \
            printf("\n");                                                                                          \
            exit(0);                                                                                               \
        }                                                                                                          \
    } while (0)

static size_t drawn_bytes(uint8_t *out, size_t len)
{
    preempt_disable();
    size_t drawn = libos_virtio_rng_draw(out, len);
    preempt_enable();
    return drawn;
}

static void *draw(void *arg)
{
    uint8_t *own = arg;

    for (unsigned round = 0; round < ROUNDS; round++)
        EXPECT(drawn_bytes(own, AT_ONCE) > 0, "of %u requests in a thread, number %u gave nothing", ROUNDS, round);
    return 0;
}

/* Two pages, and behind the frame of the first lies the frame of a third, not that of the second: the frames that two pages
 * give back are given out the other way round. */
static uint8_t *two_pages(void)
{
    enum { BOTH = PROT_READ | PROT_WRITE, HOW = MAP_PRIVATE | MAP_ANONYMOUS };

    mmap(0, PAGE, BOTH, HOW, -1, 0); /* so that there are page tables already */
    uint8_t *pages = mmap(0, 3 * PAGE, BOTH, HOW, -1, 0);
    munmap(pages + PAGE, PAGE);
    munmap(pages + 2 * PAGE, PAGE);
    mmap(pages + PAGE, PAGE, BOTH, HOW | MAP_FIXED, -1, 0);
    mmap(pages + 2 * PAGE, PAGE, BOTH, HOW | MAP_FIXED, -1, 0);
    return pages;
}

int main(int argc, char **argv)
{
    static uint8_t before[ROOM], own[THREADS][AT_ONCE];
    pthread_t threads[THREADS];
    uint8_t *pages = two_pages();
    uint8_t *bytes = pages + PAGE - 5;

    preempt_disable();
    struct virtio_device *device = virtio_find(VIRTIO_ENTROPY, 0);
    preempt_enable();
    if (!device) {
        EXPECT(drawn_bytes(bytes, 8) == 0, "there is no device, and the driver says that it gave bytes");
        printf("RIGHT %s\n", argv[1]);
        return 0;
    }
    for (int i = 2; i < argc; i++) {
        size_t len = (size_t)atoi(argv[i]), most = len < AT_ONCE ? len : AT_ONCE, same = 0;

        memcpy(before, bytes, ROOM);
        memset(bytes, MARK, ROOM);
        size_t drawn = drawn_bytes(bytes, len);
        EXPECT(drawn > 0 && drawn <= most,
               "%zu bytes were asked for, at most 256 at once, and the driver says that it gave %zu", len, drawn);
        for (size_t j = drawn; j < ROOM; j++)
            EXPECT(bytes[j] == MARK, "%zu bytes were asked for, and byte %zu was written", len, j);
        for (size_t j = 0; j < drawn; j++)
            same += bytes[j] == MARK;
        /* One byte of 256 looks like the mark by chance. */
        EXPECT(same < 2 + drawn / 8,
               "%zu of %zu bytes are as they were before: did what the device wrote arrive? The memory that they "
               "are for "
               "may lie on two pages, which are neighbours for the program and not for the device",
               same, drawn);
        EXPECT(drawn < 16 || memcmp(before, bytes, drawn), "two draws gave the same bytes");
    }
    preempt_disable();
    unsigned used = device->queues[0] ? device->queues[0]->memory->used.index : 0;
    preempt_enable();
    EXPECT(used >= (unsigned)argc - 2,
           "%d draws were made, and the device has answered %u: the bytes are not its own", argc - 2, used);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], 0, draw, own[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], 0);
    for (int i = 1; i < THREADS; i++)
        EXPECT(memcmp(own[0], own[i], AT_ONCE), "two threads got the same bytes");
    printf("RIGHT %s\n", argv[1]);
    return 0;
}
