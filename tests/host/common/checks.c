/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t random_state = 1;
void (*on_check_failed)(void);

/* SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"). */
uint32_t random_number(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (uint32_t)(z >> 32);
}

bool chance(unsigned percent)
{
    return random_number() % 100 < percent;
}

bool soak(void)
{
    const char *wanted = getenv("UNILAB_SOAK");

    return wanted && strcmp(wanted, "1") == 0;
}

_Noreturn void check_failed(const char *file, int line, const char *condition)
{
    printf("%s:%d: not so: %s\n", file, line, condition);
    if (on_check_failed)
        on_check_failed();
    exit(1);
}
