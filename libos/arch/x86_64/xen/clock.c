/* SPDX-License-Identifier: MIT */
/*
 * clock.c: nanoseconds from the cycle counter. Xen has calibrated it, and says in
 * the shared page how to read it, and what the time of day was at its own boot.
 *
 * Source: Xen, xen/include/public/xen.h, struct vcpu_time_info and shared_info.
 */
#include "clock.h"

#include <time.h>

#include "cpu.h"

#define MOST_SECONDS (UINT64_MAX / 1000000000 / 2) /* 292 years */

static void barrier(void)
{
    __asm__ volatile("" : : : "memory");
}

/* The time when the cycle counter stood, or will stand, there. */
static uint64_t time_at(uint64_t cycles)
{
    volatile struct xen_time *shared = &XEN_VCPU->time;
    struct xen_time time;

    do {
        time.version = shared->version;
        barrier();
        time.cycles = shared->cycles;
        time.nanoseconds = shared->nanoseconds;
        time.multiplier = shared->multiplier;
        time.shift = shared->shift;
        barrier();
    } while (time.version & 1 || time.version != shared->version);
    int64_t since = (int64_t)(cycles - time.cycles);
    since = time.shift < 0 ? since >> -time.shift : since * (1 << time.shift);
    return time.nanoseconds + (uint64_t)(int64_t)((__int128)since * time.multiplier >> 32);
}

uint64_t clock_monotonic(void)
{
    static uint64_t last;
    uint64_t now = time_at(rdtsc());

    /* Xen corrects its rate from time to time. */
    if (now > last)
        last = now;
    return last;
}

uint64_t clock_deadline(const struct timespec *timeout)
{
    uint64_t now = clock_monotonic(), seconds = (uint64_t)timeout->tv_sec;

    return seconds < MOST_SECONDS ? now + seconds * 1000000000 + (uint64_t)timeout->tv_nsec : UINT64_MAX;
}

uint64_t clock_wall_at(uint64_t cycles)
{
    uint32_t version, seconds, nanoseconds;

    do {
        version = XEN_SHARED->wall_version;
        barrier();
        seconds = XEN_SHARED->wall_seconds;
        nanoseconds = XEN_SHARED->wall_nanoseconds;
        barrier();
    } while (version & 1 || version != XEN_SHARED->wall_version);
    return seconds * 1000000000ull + nanoseconds + time_at(cycles);
}

uint64_t clock_wall(void)
{
    return clock_wall_at(rdtsc());
}
