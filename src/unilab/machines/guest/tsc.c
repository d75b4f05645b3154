/* SPDX-License-Identifier: MIT */
/* tsc.c: prints how many thousand times a second the host's time-stamp counter counts. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { TRIES = 64 };

struct moment {
    uint64_t ticks, nanoseconds;
};

static uint64_t clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Counter and clock at the same time: of many tries the one that was interrupted least. */
static struct moment now(void)
{
    struct moment best = {0};
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        uint64_t before = __builtin_ia32_rdtsc();
        uint64_t nanoseconds = clock_now();
        uint64_t after = __builtin_ia32_rdtsc();
        if (after - before < least) {
            least = after - before;
            best = (struct moment){before + least / 2, nanoseconds};
        }
    }
    return best;
}

int main(void)
{
    struct moment first = now();

    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    struct moment last = now();
    printf("%.0f\n", (double)(last.ticks - first.ticks) * 1e6 / (double)(last.nanoseconds - first.nanoseconds));
    return 0;
}
