/* SPDX-License-Identifier: MIT */
/*
 * poll.c: waiting for several files at once: poll() and select().
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/select.h>

#include "clock.h"
#include "console_file.h"
#include "files.h"
#include "services.h"
#include "thread.h"

enum { MAX_POLLED = DESCRIPTORS };

/* Somebody who waits for any of several files. */
struct poller {
    struct wait_queue queue;
};

struct poll_watch {
    struct watch watch;
    struct poller *poller;
};

static void poll_changed(struct watch *watch)
{
    wake_all(&((struct poll_watch *)watch)->poller->queue);
}

/* Fills in what is so of each file now; how many have something to report. */
static int look(struct pollfd *fds, struct file *const *files, nfds_t count)
{
    int ready = 0;

    for (nfds_t i = 0; i < count; i++) {
        unsigned events = (unsigned)fds[i].events | POLLERR | POLLHUP;

        fds[i].revents = files[i] ? (short)(file_ready(files[i]) & events) : fds[i].fd < 0 ? 0 : POLLNVAL;
        ready += fds[i].revents != 0;
    }
    return ready;
}

static long wait_for_any(struct pollfd *fds, struct file **files, struct poll_watch *watches, nfds_t count,
                         uint64_t deadline)
{
    struct poller poller = {0};
    long result;

    for (nfds_t i = 0; i < count; i++) {
        files[i] = file_get(fds[i].fd);
        watches[i] = (struct poll_watch){.watch.changed = poll_changed, .poller = &poller};
        if (files[i])
            file_watch(files[i], &watches[i].watch);
    }
    while (!(result = look(fds, files, count))) {
        result = deadline ? wait_on(&poller.queue, deadline) : -ETIMEDOUT;
        if (result < 0)
            break;
    }
    for (nfds_t i = 0; i < count; i++) {
        if (files[i]) {
            file_unwatch(&watches[i].watch);
            file_put(files[i]);
        }
    }
    return result == -ETIMEDOUT ? 0 : result;
}

/* `deadline` is 0 not to wait at all. */
static long poll_until(struct pollfd *fds, nfds_t count, uint64_t deadline)
{
    if (count > MAX_POLLED)
        return -EINVAL;
    console_input_init();
    preempt_disable();
    struct file *files[count + 1];
    struct poll_watch watches[count + 1];
    long result = wait_for_any(fds, files, watches, count, deadline);
    preempt_enable();
    return result;
}

static uint64_t deadline_of(const struct timespec *timeout)
{
    if (!timeout)
        return FOREVER;
    return timeout->tv_sec || timeout->tv_nsec ? clock_deadline(timeout) : 0;
}

static bool valid(const struct timespec *timeout)
{
    return !timeout || (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 && timeout->tv_nsec < 1000000000);
}

long libos_sys_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

    return poll_until(fds, count, deadline_of(timeout_ms < 0 ? 0 : &timeout));
}

long libos_sys_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const uint64_t *mask,
                     size_t mask_len)
{
    (void)mask_len;
    if (!valid(timeout))
        return -EINVAL;
    uint64_t before = mask_begin(mask ? mask : &current->blocked);
    return mask_end(before, poll_until(fds, count, deadline_of(timeout)));
}

/* select() as poll(): a set bit becomes an entry, and an entry that reports something a set bit. */
static const short select_events[3] = {POLLIN, POLLOUT, POLLPRI};
static const short select_reports[3] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};

static long select_until(int limit, fd_set *const sets[3], uint64_t deadline)
{
    struct pollfd fds[FD_SETSIZE];
    nfds_t count = 0;

    for (int fd = 0; fd < limit; fd++) {
        short events = 0;

        for (int s = 0; s < 3; s++)
            if (sets[s] && FD_ISSET(fd, sets[s]))
                events |= select_events[s];
        if (events)
            fds[count++] = (struct pollfd){.fd = fd, .events = events};
    }
    long result = poll_until(fds, count, deadline);
    if (result < 0)
        return result;
    for (nfds_t i = 0; i < count; i++)
        if (fds[i].revents & POLLNVAL)
            return -EBADF;
    for (int s = 0; s < 3; s++)
        if (sets[s])
            memset(sets[s], 0,
                   ((size_t)limit + CHAR_BIT * sizeof(long) - 1) / (CHAR_BIT * sizeof(long)) * sizeof(long));
    result = 0;
    for (nfds_t i = 0; i < count; i++) {
        for (int s = 0; s < 3; s++) {
            if (fds[i].events & select_events[s] && fds[i].revents & select_reports[s]) {
                FD_SET(fds[i].fd, sets[s]);
                result++;
            }
        }
    }
    return result;
}

long libos_sys_pselect6(int count, fd_set *read, fd_set *write, fd_set *except, const struct timespec *timeout,
                        const void *mask)
{
    fd_set *sets[3] = {read, write, except};
    /* The mask comes as a pointer to a pointer and a length. */
    const uint64_t *const *signals = mask;

    if (count < 0 || count > FD_SETSIZE || !valid(timeout))
        return -EINVAL;
    uint64_t before = mask_begin(signals && *signals ? *signals : &current->blocked);
    return mask_end(before, select_until(count, sets, deadline_of(timeout)));
}

long libos_sys_select(int count, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout)
{
    struct timespec time = {0};

    if (timeout)
        time = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000};
    return libos_sys_pselect6(count, read, write, except, timeout ? &time : 0, 0);
}
