/* SPDX-License-Identifier: MIT */
/*
 * eventfd.c: a counter that can be waited for like a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>

#include "current.h"
#include "files.h"
#include "pool.h"
#include "services.h"
#include "thread.h"

enum { MAX_EVENTFDS = 256 };
#define MOST (UINT64_MAX - 1)

struct event_counter {
    uint64_t count;
    bool semaphore;
    struct wait_queue waiters;
};

static struct pool pool = POOL(struct event_counter, MAX_EVENTFDS);

static long event_read(struct file *file, void *buf, size_t len)
{
    struct event_counter *event = file->object;

    if (len < sizeof event->count)
        return -EINVAL;
    while (!event->count) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        int result = wait_restartable(&event->waiters, FOREVER);
        if (result < 0)
            return result;
    }
    uint64_t taken = event->semaphore ? 1 : event->count;
    event->count -= taken;
    memcpy(buf, &taken, sizeof taken);
    wake_all(&event->waiters);
    file_changed(file);
    return sizeof taken;
}

static long event_write(struct file *file, const void *buf, size_t len)
{
    struct event_counter *event = file->object;
    uint64_t added;

    if (len < sizeof added)
        return -EINVAL;
    memcpy(&added, buf, sizeof added);
    if (added > MOST)
        return -EINVAL;
    while (added > MOST - event->count) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        int result = wait_restartable(&event->waiters, FOREVER);
        if (result < 0)
            return result;
    }
    event->count += added;
    wake_all(&event->waiters);
    file_changed(file);
    return sizeof added;
}

static unsigned event_ready(struct file *file)
{
    struct event_counter *event = file->object;

    return (event->count ? POLLIN : 0) | (event->count < MOST ? POLLOUT : 0);
}

static void event_release(struct file *file)
{
    pool_free(&pool, file->object);
}

static const struct file_ops event_ops = {
    .read = event_read, .write = event_write, .ready = event_ready, .release = event_release};

long libos_sys_eventfd2(unsigned count, int flags)
{
    if (flags & ~(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE))
        return -EINVAL;
    preempt_disable();
    struct event_counter *event = pool_alloc(&pool);
    long fd = -ENOMEM;
    if (event) {
        event->count = count;
        event->semaphore = flags & EFD_SEMAPHORE;
        fd = file_open(&event_ops, event, O_RDWR | (flags & EFD_NONBLOCK));
        if (fd < 0)
            pool_free(&pool, event);
        else if (flags & EFD_CLOEXEC)
            file_close_on_exec((int)fd);
    }
    preempt_enable();
    return fd;
}

long libos_sys_eventfd(unsigned count)
{
    return libos_sys_eventfd2(count, 0);
}
