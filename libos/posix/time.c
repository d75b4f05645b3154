/* SPDX-License-Identifier: MIT */
/*
 * time.c: clocks and sleep.
 */
#include <errno.h>

#include "clock.h"
#include "services.h"
#include "thread.h"

enum { NS_PER_S = 1000000000 };
#define MOST_SECONDS 9000000000 /* longer than the clock goes */

static struct timespec time_spec(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

/* Linux's numbers of the coarse clocks; ours are as good as the fine ones. */
static int read_clock(clockid_t clock, uint64_t *ns)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *ns = clock_wall();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
        *ns = clock_monotonic();
        return 0;
    default:
        return -EINVAL;
    }
}

long libos_sys_clock_gettime(clockid_t clock, struct timespec *now)
{
    uint64_t ns;

    if (read_clock(clock, &ns))
        return -EINVAL;
    *now = time_spec(ns);
    return 0;
}

long libos_sys_clock_getres(clockid_t clock, struct timespec *resolution)
{
    uint64_t ns;

    if (read_clock(clock, &ns))
        return -EINVAL;
    if (resolution)
        *resolution = (struct timespec){.tv_nsec = 1};
    return 0;
}

long libos_sys_clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *left)
{
    uint64_t now, until;

    if (clock == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_REALTIME_COARSE ||
        clock == CLOCK_MONOTONIC_COARSE)
        return -EOPNOTSUPP; /* nor does Linux sleep by these */
    if (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= NS_PER_S || read_clock(clock, &now))
        return -EINVAL;
    until = (t->tv_sec < MOST_SECONDS ? (uint64_t)t->tv_sec : MOST_SECONDS) * NS_PER_S + (uint64_t)t->tv_nsec;
    if (!(flags & TIMER_ABSTIME))
        until += now;
    /* Other clocks run as the monotonic one does, from another beginning. */
    uint64_t deadline = until > now ? clock_monotonic() + (until - now) : 0;
    int result = -ETIMEDOUT;
    preempt_disable();
    if (deadline)
        while ((result = wait_on(0, deadline)) == 0)
            ;
    preempt_enable();
    if (result != -EINTR)
        return 0;
    read_clock(clock, &now);
    if (left && !(flags & TIMER_ABSTIME))
        *left = until > now ? time_spec(until - now) : (struct timespec){0};
    return -EINTR;
}

long libos_sys_nanosleep(const struct timespec *t, struct timespec *left)
{
    return libos_sys_clock_nanosleep(CLOCK_MONOTONIC, 0, t, left);
}
