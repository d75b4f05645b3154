/* SPDX-License-Identifier: MIT */
/*
 * entropy.c: random bytes from the processor, or from its jitter.
 *
 * Source: Intel SDM vol. 1, section "Random Number Generator Instructions": a draw
 * may fail for a while and is worth ten attempts.
 */
#include "entropy.h"

#include <stdint.h>

#include "cpu.h"

enum { CPUID_1_ECX_RDRAND = 1 << 30, CPUID_7_EBX_RDSEED = 1 << 18, ATTEMPTS = 10 };

static bool draw(bool seed, uint64_t *out)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        bool ok;

        if (seed)
            __asm__ volatile("rdseed %0" : "=r"(*out), "=@ccc"(ok));
        else
            __asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
        if (ok)
            return true;
    }
    return false;
}

/* Folds in the time that small pieces of work take; mixed by the finaliser of SplitMix64. */
static uint64_t jitter(void)
{
    static uint64_t state;

    for (int i = 0; i < 64; i++) {
        state = (state + rdtsc()) * 0x9e3779b97f4a7c15;
        state ^= state >> 29;
    }
    uint64_t z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

bool entropy_fill(void *buf, size_t len)
{
    uint32_t leaf1[4], leaf7[4];
    unsigned char *out = buf;
    uint64_t word = 0;
    bool good = true;

    cpuid(1, 0, leaf1);
    cpuid(7, 0, leaf7);
    bool rdrand = leaf1[2] & CPUID_1_ECX_RDRAND, rdseed = leaf7[1] & CPUID_7_EBX_RDSEED;
    for (size_t i = 0; i < len; i++, word >>= 8) {
        if (i % sizeof word == 0 && !(rdseed && draw(true, &word)) && !(rdrand && draw(false, &word))) {
            word = jitter();
            good = false;
        }
        out[i] = (unsigned char)word;
    }
    return good;
}
