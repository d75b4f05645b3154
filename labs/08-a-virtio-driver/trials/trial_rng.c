/*
 * trial_rng.c: asks the driver for random bytes, as many as its arguments say, and looks where they came to lie.
 *
 *   trial_rng LENGTH...
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "current.h"
#include "virtio.h"

size_t libos_virtio_rng_draw(uint8_t *out, size_t len);

enum { THREADS = 4, ROUNDS = 60, AT_ONCE = 256, ROOM = 1024, MARK = 0xee };

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

int main(int argc, char **argv)
{
    static uint8_t bytes[ROOM], before[ROOM], own[THREADS][AT_ONCE];
    pthread_t threads[THREADS];

    preempt_disable();
    struct virtio_device *device = virtio_find(VIRTIO_ENTROPY, 0);
    preempt_enable();
    if (!device) {
        EXPECT(drawn_bytes(bytes, 8) == 0, "there is no device, and the driver says that it gave bytes");
        puts("RIGHT");
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        size_t len = (size_t)atoi(argv[i]), most = len < AT_ONCE ? len : AT_ONCE, same = 0;

        memcpy(before, bytes, sizeof before);
        memset(bytes, MARK, sizeof bytes);
        size_t drawn = drawn_bytes(bytes, len);
        EXPECT(drawn > 0 && drawn <= most,
               "%zu bytes were asked for, at most 256 at once, and the driver says that it gave %zu", len, drawn);
        for (size_t j = drawn; j < sizeof bytes; j++)
            EXPECT(bytes[j] == MARK, "%zu bytes were asked for, and byte %zu was written", len, j);
        for (size_t j = 0; j < drawn; j++)
            same += bytes[j] == MARK;
        /* One byte of 256 looks like the mark by chance. */
        EXPECT(same < 2 + drawn / 8, "%zu of %zu bytes are as they were before: did what the device wrote arrive?",
               same, drawn);
        EXPECT(drawn < 16 || memcmp(before, bytes, drawn), "two draws gave the same bytes");
    }
    preempt_disable();
    unsigned used = device->queues[0] ? device->queues[0]->memory->used.index : 0;
    preempt_enable();
    EXPECT(used >= (unsigned)argc - 1,
           "%d draws were made, and the device has answered %u: the bytes are not its own", argc - 1, used);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], 0, draw, own[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], 0);
    for (int i = 1; i < THREADS; i++)
        EXPECT(memcmp(own[0], own[i], AT_ONCE), "two threads got the same bytes");
    puts("RIGHT");
    return 0;
}
