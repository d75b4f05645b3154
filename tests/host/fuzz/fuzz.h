/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h: inputs that nobody would send, guided by coverage.
 *
 * A test begins with inputs of real conversations, changes one of those it has
 * kept at random, tries it, and keeps it if it made the code under test go from one
 * place to another in a way that none has before. The compiler tells of the places
 * (-fsanitize-coverage=trace-pc), so everything has to be compiled with that.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

enum { FUZZ_LONGEST = 6000 };

struct fuzz_input {
    size_t len;
    uint8_t bytes[FUZZ_LONGEST];
};

/* How many ways from one place of the code to the next have been taken so far. */
extern unsigned fuzz_ways;

/* Keeps an input, while there is room: there is for some thousands. */
void fuzz_keep(const uint8_t *bytes, size_t len);
extern unsigned fuzz_kept;

/* One that was kept, at random. */
const struct fuzz_input *fuzz_any(void);

/* Makes one random change to an input of at least a byte, which gets no longer than `most`. The new length. */
size_t fuzz_change(uint8_t *bytes, size_t len, size_t most);

#endif
