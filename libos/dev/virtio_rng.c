/* SPDX-License-Identifier: MIT */
/*
 * virtio_rng.c: random bytes from the host, for a processor that has none.
 *
 * They are mixed with what there is already, so that a device that is not random
 * makes nothing worse.
 *
 * Source: Virtio 1.2, section "Entropy Device".
 */
#include "entropy.h"
#include "pool.h"
#include "virtio.h"

enum { REQUESTS, QUEUES };

/* Objects of a pool do not cross a page. */
struct draw {
    uint8_t bytes[256];
    uint32_t len;
    bool done;
};

static struct virtio_device *source;
static struct pool draws = POOL(struct draw, SIZE_MAX);
static struct wait_queue waiters;

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

/* Mixes up to `len` bytes of the device's into a buffer. How many: it may give fewer than it was asked for. */
static size_t mix(uint8_t *out, size_t len)
{
    struct draw *draw = pool_alloc(&draws);

    if (!draw)
        return 0;
    struct virtqueue_part part = {virtio_physical(draw->bytes), sizeof draw->bytes};
    if (len < part.len)
        part.len = (uint32_t)len;
    while (virtio_works(source) && !virtqueue_add(source->queues[REQUESTS], &part, 0, 1, draw))
        wait_through_signals(&waiters);
    virtio_publish(source, REQUESTS);
    while (virtio_works(source) && !draw->done)
        wait_through_signals(&waiters);
    size_t drawn = draw->len;
    for (size_t i = 0; i < drawn; i++)
        out[i] ^= draw->bytes[i];
    pool_free(&draws, draw);
    return drawn;
}

bool entropy_ask(void *buf, size_t len)
{
    uint8_t *out = buf, *end = out + len;
    size_t drawn = 1;

    if (entropy_fill(buf, len))
        return true;
    preempt_disable();
    bool works = start();
    while (works && out < end && drawn) {
        drawn = mix(out, (size_t)(end - out));
        out += drawn;
    }
    preempt_enable();
    return out == end;
}
