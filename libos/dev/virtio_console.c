/* SPDX-License-Identifier: MIT */
/*
 * virtio_console.c: a console with one port.
 *
 * Source: Virtio 1.2, section "Console Device". Without VIRTIO_CONSOLE_F_MULTIPORT:
 * one queue each way, and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "hvc.h"
#include "pool.h"
#include "virtio.h"

enum { RECEIVE, TRANSMIT, QUEUES };
enum { BUFFER_SIZE = 1024, RECEIVE_BUFFERS = 4 };

/* Objects of a pool do not cross a page. */
struct buffer {
    struct buffer *next;
    uint32_t start, end; /* what has come and was not read yet */
    uint8_t bytes[BUFFER_SIZE];
};

static struct virtio_device *console;
static struct pool buffers = POOL(struct buffer, RECEIVE_BUFFERS + 1);
static struct buffer *come_first, *come_last, *output;
static bool sending; /* `output` is with the device */
static struct wait_queue readers, writers;

static struct file file;

static void lend(struct buffer *buffer)
{
    struct virtqueue_part part = {virtio_physical(buffer->bytes), BUFFER_SIZE};

    virtqueue_add(console->queues[RECEIVE], &part, 0, 1, buffer);
    virtio_publish(console, RECEIVE);
}

static void work_run(void)
{
    struct buffer *buffer;
    uint32_t written;

    while ((buffer = virtio_take(console, RECEIVE, &written))) {
        if (!written) {
            lend(buffer);
            continue;
        }
        buffer->next = 0;
        buffer->start = 0;
        buffer->end = written;
        *(come_first ? &come_last->next : &come_first) = buffer;
        come_last = buffer;
    }
    while (virtio_take(console, TRANSMIT, &written))
        sending = false;
    wake_all(&readers);
    wake_all(&writers);
    file_changed(&file);
}

static struct work work = {.run = work_run};

static long hvc_read(struct file *from, void *buf, size_t len)
{
    uint8_t *out = buf;
    size_t n = 0;

    while (len && !come_first) {
        if (!virtio_works(console))
            return -EIO;
        if (from->flags & O_NONBLOCK)
            return -EAGAIN;
        int result = wait_restartable(&readers, FOREVER);
        if (result < 0)
            return result;
    }
    while (n < len && come_first) {
        struct buffer *buffer = come_first;
        size_t run = buffer->end - buffer->start;

        if (run > len - n)
            run = len - n;
        memcpy(out + n, buffer->bytes + buffer->start, run);
        n += run;
        buffer->start += (uint32_t)run;
        if (buffer->start == buffer->end) {
            come_first = buffer->next;
            lend(buffer);
        }
    }
    return (long)n;
}

/* Waits until the device has given the buffer back. It is ours, so a signal may end the wait. */
static int wait_for_output(void)
{
    int result = 0;

    while (sending && result == 0) {
        if (!virtio_works(console))
            return -EIO;
        result = wait_restartable(&writers, FOREVER);
    }
    return result;
}

static long hvc_write(struct file *to, const void *buf, size_t len)
{
    const uint8_t *in = buf;
    size_t n = 0;
    int result = 0;

    while (n < len) {
        if (sending && to->flags & O_NONBLOCK)
            return n ? (long)n : -EAGAIN;
        result = wait_for_output();
        if (result < 0)
            return n ? (long)n : result;
        size_t run = len - n < BUFFER_SIZE ? len - n : BUFFER_SIZE;
        struct virtqueue_part part = {virtio_physical(output->bytes), (uint32_t)run};
        memcpy(output->bytes, in + n, run);
        if (!virtqueue_add(console->queues[TRANSMIT], &part, 1, 0, output))
            return n ? (long)n : -EIO;
        sending = true;
        virtio_publish(console, TRANSMIT);
        n += run;
    }
    if (!(to->flags & O_NONBLOCK))
        wait_for_output();
    return (long)n;
}

static unsigned hvc_ready(struct file *of)
{
    (void)of;
    if (!virtio_works(console))
        return POLLERR;
    return (come_first ? POLLIN : 0) | (sending ? 0 : POLLOUT);
}

static long hvc_stat(struct file *of, struct stat *st)
{
    (void)of;
    st->st_mode = S_IFCHR | 0620;
    st->st_nlink = 1;
    st->st_blksize = BUFFER_SIZE;
    return 0;
}

static const struct file_ops ops = {.read = hvc_read, .write = hvc_write, .stat = hvc_stat, .ready = hvc_ready};

/* One reference of its own, so that it is never given back. */
static struct file file = {.ops = &ops, .references = 1, .flags = O_RDWR};

static bool start(struct virtio_device *device)
{
    uint64_t features;

    output = pool_alloc(&buffers);
    if (!output || !virtio_start(device, 0, 0, &features, QUEUES, &work))
        return false;
    for (struct buffer *buffer; (buffer = pool_alloc(&buffers));)
        lend(buffer);
    return true;
}

struct file *libos_hvc_open(void)
{
    static bool tried;

    if (!tried) {
        tried = true;
        console = virtio_find(VIRTIO_CONSOLE, 0);
        if (console && !start(console))
            console = 0;
    }
    if (!console)
        return 0;
    file.references++;
    return &file;
}
