/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "checks.h"

enum { MOST_INPUTS = 4096, WAYS = 1 << 16 };

static struct fuzz_input corpus[MOST_INPUTS];
static uint8_t taken[WAYS];
unsigned fuzz_kept, fuzz_ways;

void __sanitizer_cov_trace_pc(void);

/* Pairs of places, one after the other: the same place by another way counts, too. */
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void)
{
    static uint16_t before;
    /* As a distance, which is the same in each run, wherever the program lies. */
    uint64_t at = (uintptr_t)__builtin_return_address(0) - (uintptr_t)taken;
    uint16_t place = (uint16_t)(at * 0x9e3779b97f4a7c15 >> 48);
    uint16_t way = place ^ before;

    fuzz_ways += !taken[way];
    taken[way] = 1;
    before = place >> 1;
}

void fuzz_keep(const uint8_t *bytes, size_t len)
{
    if (fuzz_kept == MOST_INPUTS || len > FUZZ_LONGEST)
        return;
    corpus[fuzz_kept].len = len;
    memcpy(corpus[fuzz_kept++].bytes, bytes, len);
}

const struct fuzz_input *fuzz_any(void)
{
    return &corpus[random_number() % fuzz_kept];
}

size_t fuzz_change(uint8_t *bytes, size_t len, size_t most)
{
    static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff, 20, 40, 5};
    /* Most of what decides is in the first hundred bytes. */
    size_t at = random_number() % (len < 100 || chance(20) ? len : 100);
    const struct fuzz_input *other = fuzz_any();

    switch (random_number() % 6) {
    case 0:
        bytes[at] ^= (uint8_t)(1 << random_number() % 8);
        break;
    case 1:
        bytes[at] = (uint8_t)random_number();
        break;
    case 2:
        bytes[at] = edges[random_number() % sizeof edges];
        break;
    case 3:
        return 1 + random_number() % len;
    case 4:
        while (len < most && !chance(1))
            bytes[len++] = (uint8_t)random_number();
        break;
    default:
        if (at < other->len && other->len <= most) {
            memcpy(bytes + at, other->bytes + at, other->len - at);
            return other->len;
        }
        break;
    }
    return len;
}
