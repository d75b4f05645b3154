/* SPDX-License-Identifier: MIT */
/*
 * epoll.c: a set of files that remembers which of them may be ready, so that
 * waiting costs what is ready and not what is watched.
 *
 * An item is in the ready list from the time its file says that something changed
 * until epoll_wait() has looked and found nothing. Source: epoll(7), man-pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

#include "clock.h"
#include "console_file.h"
#include "files.h"
#include "pool.h"
#include "services.h"
#include "thread.h"

enum { MAX_EPOLLS = 64, MAX_ITEMS = 4096 };

struct item {
    struct watch watch; /* first: it is how a change finds the item */
    struct epoll *epoll;
    int fd;
    uint32_t events;
    epoll_data_t data;
    struct item *next;                        /* of the epoll's items */
    struct item *ready_next, *ready_previous; /* in the ready list */
    bool in_ready;
    bool fired; /* EPOLLONESHOT has done its part */
};

struct epoll {
    struct file *file;
    struct item *items;
    struct item *ready_first, *ready_last;
    struct wait_queue waiters;
};

static struct pool epoll_pool = POOL(struct epoll, MAX_EPOLLS), item_pool = POOL(struct item, MAX_ITEMS);

static void ready_add(struct item *item)
{
    struct epoll *epoll = item->epoll;

    if (item->in_ready)
        return;
    item->in_ready = true;
    item->ready_next = 0;
    item->ready_previous = epoll->ready_last;
    *(epoll->ready_last ? &epoll->ready_last->ready_next : &epoll->ready_first) = item;
    epoll->ready_last = item;
}

static void ready_remove(struct item *item)
{
    struct epoll *epoll = item->epoll;

    if (!item->in_ready)
        return;
    item->in_ready = false;
    *(item->ready_previous ? &item->ready_previous->ready_next : &epoll->ready_first) = item->ready_next;
    *(item->ready_next ? &item->ready_next->ready_previous : &epoll->ready_last) = item->ready_previous;
}

static uint32_t ready_events(struct item *item)
{
    return file_ready(item->watch.file) & (item->events | EPOLLERR | EPOLLHUP);
}

static void item_changed(struct watch *watch)
{
    struct item *item = (struct item *)watch;

    if (item->fired)
        return;
    ready_add(item);
    wake_all(&item->epoll->waiters);
    file_changed(item->epoll->file);
}

static void item_forget(struct item *item)
{
    struct item **link = &item->epoll->items;

    while (*link != item)
        link = &(*link)->next;
    *link = item->next;
    ready_remove(item);
    file_unwatch(&item->watch);
    pool_free(&item_pool, item);
}

static unsigned epoll_ready(struct file *file)
{
    struct epoll *epoll = file->object;

    for (struct item *item = epoll->ready_first; item; item = item->ready_next)
        if (ready_events(item))
            return POLLIN;
    return 0;
}

static void epoll_release(struct file *file)
{
    struct epoll *epoll = file->object;

    while (epoll->items)
        item_forget(epoll->items);
    pool_free(&epoll_pool, epoll);
}

static const struct file_ops epoll_ops = {.ready = epoll_ready, .release = epoll_release};

/* A file that is closed leaves every set it is in: a set holds no references. */
static void leave_sets(struct file *file)
{
    for (struct watch *watch = file->watches, *next; watch; watch = next) {
        next = watch->next;
        if (watch->changed == item_changed)
            item_forget((struct item *)watch);
    }
}

long libos_sys_epoll_create1(int flags)
{
    if (flags & ~EPOLL_CLOEXEC)
        return -EINVAL;
    preempt_disable();
    console_input_init();
    struct epoll *epoll = pool_alloc(&epoll_pool);
    struct file *file = epoll ? file_make(&epoll_ops, epoll, O_RDWR) : 0;
    long fd = -ENOMEM;
    if (file) {
        epoll->file = file;
        file_closed = leave_sets;
        fd = file_install(file, 0);
        if (fd < 0)
            file_put(file);
        else if (flags & EPOLL_CLOEXEC)
            file_close_on_exec((int)fd);
    } else if (epoll) {
        pool_free(&epoll_pool, epoll);
    }
    preempt_enable();
    return fd;
}

long libos_sys_epoll_create(int size)
{
    return size > 0 ? libos_sys_epoll_create1(0) : -EINVAL;
}

static struct item *find(struct epoll *epoll, struct file *file, int fd)
{
    struct item *item = epoll->items;

    while (item && (item->watch.file != file || item->fd != fd))
        item = item->next;
    return item;
}

/* True if `file` is that set, or a set that it is in at some depth: then they would tell each other forever that they
 * have changed. */
static bool leads_to(struct file *file, const struct epoll *epoll)
{
    struct epoll *other = file->object;

    if (file->ops != &epoll_ops)
        return false;
    for (struct item *item = other->items; item; item = item->next)
        if (leads_to(item->watch.file, epoll))
            return true;
    return other == epoll;
}

static long control(struct epoll *epoll, int op, struct file *file, int fd, const struct epoll_event *event)
{
    struct item *item = find(epoll, file, fd);

    if (op == EPOLL_CTL_ADD) {
        if (item)
            return -EEXIST;
        if (leads_to(file, epoll))
            return -ELOOP;
        item = pool_alloc(&item_pool);
        if (!item)
            return -ENOMEM;
        item->epoll = epoll;
        item->fd = fd;
        item->watch.changed = item_changed;
        item->next = epoll->items;
        epoll->items = item;
        file_watch(file, &item->watch);
    } else if (!item) {
        return -ENOENT;
    }
    if (op == EPOLL_CTL_DEL) {
        item_forget(item);
        return 0;
    }
    item->events = event->events;
    item->fired = false;
    item->data = event->data;
    item_changed(&item->watch); /* it may be ready already */
    return 0;
}

long libos_sys_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    long result = -EBADF;

    if (op != EPOLL_CTL_ADD && op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL)
        return -EINVAL;
    preempt_disable();
    struct file *set = file_get(epfd), *file = file_get(fd);
    if (set && file)
        result = set->ops != &epoll_ops || set == file ? -EINVAL
                 : file->ops->ready || (file->ops->read && !file->ops->pread)
                     ? control(set->object, op, file, fd, event)
                     : -EPERM;
    if (file)
        file_put(file);
    if (set)
        file_put(set);
    preempt_enable();
    return result;
}

/* Takes what is ready; an item that stays in the list (level-triggered) goes to its end, so that all have a turn. */
static int collect(struct epoll *epoll, struct epoll_event *events, int most)
{
    struct item *last = epoll->ready_last;
    int count = 0;

    for (struct item *item = epoll->ready_first, *next; item && count < most; item = next) {
        uint32_t ready = ready_events(item);
        bool end = item == last;

        next = item->ready_next;
        ready_remove(item);
        if (ready) {
            events[count++] = (struct epoll_event){.events = ready, .data = item->data};
            item->fired = item->events & EPOLLONESHOT;
            if (!item->fired && !(item->events & EPOLLET))
                ready_add(item);
        }
        if (end)
            break;
    }
    return count;
}

static long wait_for_set(struct file *file, struct epoll_event *events, int most, uint64_t deadline)
{
    struct epoll *epoll = file->object;
    long result;

    while (!(result = collect(epoll, events, most))) {
        result = deadline ? wait_on(&epoll->waiters, deadline) : -ETIMEDOUT;
        if (result < 0)
            return result == -ETIMEDOUT ? 0 : result;
    }
    return result;
}

long libos_sys_epoll_wait(int epfd, struct epoll_event *events, int most, int timeout_ms)
{
    uint64_t deadline = 0;
    long result = -EBADF;

    if (most <= 0)
        return -EINVAL;
    if (timeout_ms)
        deadline = timeout_ms < 0 ? FOREVER : clock_monotonic() + (uint64_t)timeout_ms * 1000000;
    preempt_disable();
    struct file *file = file_get(epfd);
    if (file) {
        result = file->ops == &epoll_ops ? wait_for_set(file, events, most, deadline) : -EINVAL;
        file_put(file);
    }
    preempt_enable();
    return result;
}

long libos_sys_epoll_pwait(int epfd, struct epoll_event *events, int most, int timeout_ms, const uint64_t *mask,
                           size_t mask_len)
{
    (void)mask_len;
    uint64_t before = mask_begin(mask ? mask : &current->blocked);
    return mask_end(before, libos_sys_epoll_wait(epfd, events, most, timeout_ms));
}
