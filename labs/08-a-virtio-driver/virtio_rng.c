/* SPDX-License-Identifier: MIT */
/*
 * virtio_rng.c: random bytes from the host. One function is yours.
 *
 * Source: Virtio 1.2, section "Entropy Device".
 */
#include <string.h>

#include "entropy.h"
#include "machine.h"
#include "pool.h"
#include "virtio.h"

enum { REQUESTS, QUEUES };
enum { MOST_BYTES = 256 };

/* What is lent to the device. An object of a pool does not cross a page, so it is one part. */
struct draw {
    uint8_t bytes[MOST_BYTES];
    uint32_t len; /* how many the device has written */
    bool done;
};

static struct virtio_device *source;
static struct pool draws = POOL(struct draw, SIZE_MAX);
static struct wait_queue waiters;

/* The device has interrupted: whatever it has used is marked as done, and whoever waits looks again. */
static void work_run(void)
{
    struct draw *draw;
    uint32_t written;

    while ((draw = virtio_take(source, REQUESTS, &written))) {
        draw->len = written;
        draw->done = true;
    }
    wake_all(&waiters);
}

static struct work work = {.run = work_run};

static bool start(void)
{
    static bool tried;
    uint64_t features;

    if (!tried) {
        tried = true;
        source = virtio_find(VIRTIO_ENTROPY, 0);
        if (source)
            virtio_start(source, 0, 0, &features, QUEUES, &work);
    }
    return source && virtio_works(source);
}

size_t libos_virtio_rng_draw(uint8_t *out, size_t len);

/*
 * Has the device make up to `len` random bytes, at most MOST_BYTES at once, and puts them at `out`. How many they are;
 * 0 if there is no device, or no memory. With preemption disabled.
 *
 * 1. start() says whether there is a device that works.
 * 2. pool_alloc() gives a struct draw, and null if memory is out; pool_free() takes it back.
 * 3. One part, in the struct draw: its physical address (virtio_physical()) and how many bytes. Who writes it? The memory at
 *    `out` will not do: it may lie on two pages.
 * 4. virtqueue_add() to the queue source->queues[REQUESTS]. Is there no room: wait_through_signals(&waiters) until somebody has given some back. As long as
 *    virtio_works(source).
 * 5. virtio_publish(source, REQUESTS); wait until it is done; copy what has come, and give the struct draw back.
 */
size_t libos_virtio_rng_draw(uint8_t *out, size_t len)
{
    (void)out;
    (void)len;
    (void)start;
    (void)draws;
    panic("libos_virtio_rng_draw() is yours to write");
}

/* What getrandom() asks. The bytes are mixed with what there is, so that a device that is not random does no harm. */
bool entropy_ask(void *buf, size_t len)
{
    uint8_t *out = buf, *end = out + len, drawn[MOST_BYTES];
    size_t count = 1;

    if (entropy_fill(buf, len))
        return true;
    preempt_disable();
    while (out < end && count) {
        count = libos_virtio_rng_draw(drawn, (size_t)(end - out));
        for (size_t i = 0; i < count; i++)
            *out++ ^= drawn[i];
    }
    preempt_enable();
    return out == end;
}
