/* SPDX-License-Identifier: MIT */
/*
 * clock.c: nanoseconds from the cycle counter, calibrated against the 8254.
 */
#include "clock.h"

#include <time.h>

#include "cpu.h"
#include "current.h"

enum { CALIBRATION_MS = 5, SAMPLES = 8, DOUBT_SHIFT = 6 };
#define MOST_SECONDS (UINT64_MAX / 1000000000 / 2) /* 292 years */

static uint64_t origin;     /* cycles at the first call */
static uint64_t multiplier; /* nanoseconds = cycles * multiplier / 2^32 */

struct sample {
    uint64_t cycles;
    uint16_t count;
};

/* The timer and the cycle counter at one moment. An emulator may pause us between the two, so of several tries
 * the one with the least doubt counts. */
static struct sample sample(void)
{
    struct sample best = {0, 0};
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < SAMPLES; i++) {
        uint64_t before = rdtsc();
        uint16_t count = pit_read();
        uint64_t doubt = rdtsc() - before;

        if (doubt < least) {
            least = doubt;
            best = (struct sample){before + doubt / 2, count};
        }
    }
    return best;
}

/* The 8254's count starts again every 55 ms. If the emulator is not given the processor for that long, nothing shows it
 * but the rate; so two stretches, one after the other, have to agree. */
static void calibrate(void)
{
    struct sample from, to;
    uint64_t before, doubt;

    pit_start();
    to = sample();
    origin = to.cycles;
    do {
        before = multiplier;
        from = to;
        do
            to = sample();
        while ((uint16_t)(from.count - to.count) < PIT_HZ / 1000 * CALIBRATION_MS);
        uint64_t ns = (uint64_t)(uint16_t)(from.count - to.count) * 1000000000 / PIT_HZ;
        multiplier = (ns << 32) / (to.cycles - from.cycles);
        doubt = multiplier >> DOUBT_SHIFT;
    } while (multiplier - before + doubt > 2 * doubt); /* more below or above it than that */
}

/* Nanoseconds since the first call; before it, below 0. */
static int64_t since_origin(uint64_t cycles)
{
    return (int64_t)((__int128)(int64_t)(cycles - origin) * multiplier >> 32);
}

uint64_t clock_monotonic(void)
{
    if (!multiplier)
        calibrate();
    return (uint64_t)since_origin(rdtsc());
}

uint64_t clock_deadline(const struct timespec *timeout)
{
    uint64_t now = clock_monotonic(), seconds = (uint64_t)timeout->tv_sec;

    return seconds < MOST_SECONDS ? now + seconds * 1000000000 + (uint64_t)timeout->tv_nsec : UINT64_MAX;
}

uint64_t clock_wall_at(uint64_t cycles)
{
    static uint64_t epoch;

    preempt_disable();
    if (!epoch)
        epoch = rtc_seconds() * 1000000000 - clock_monotonic();
    preempt_enable();
    return epoch + (uint64_t)since_origin(cycles);
}

uint64_t clock_wall(void)
{
    clock_monotonic(); /* calibrates before the counter is read */
    return clock_wall_at(rdtsc());
}
