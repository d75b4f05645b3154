/* SPDX-License-Identifier: MIT */
/*
 * clock.c: nanoseconds from the cycle counter, calibrated against the 8254.
 */
#include "clock.h"

#include "cpu.h"

enum { CALIBRATION_MS = 10, SAMPLES = 8 };

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

static void calibrate(void)
{
    struct sample from, to;

    pit_start();
    from = sample();
    do
        to = sample();
    while ((uint16_t)(from.count - to.count) < PIT_HZ / 1000 * CALIBRATION_MS);
    uint64_t ns = (uint64_t)(uint16_t)(from.count - to.count) * 1000000000 / PIT_HZ;
    multiplier = (ns << 32) / (to.cycles - from.cycles);
    origin = from.cycles;
}

uint64_t clock_monotonic(void)
{
    if (!multiplier)
        calibrate();
    return (uint64_t)((unsigned __int128)(rdtsc() - origin) * multiplier >> 32);
}

uint64_t clock_wall(void)
{
    static uint64_t epoch;

    if (!epoch)
        epoch = rtc_seconds() * 1000000000 - clock_monotonic();
    return epoch + clock_monotonic();
}
