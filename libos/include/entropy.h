/* SPDX-License-Identifier: MIT */
/*
 * entropy.h: random bytes.
 */
#ifndef LIBOS_ENTROPY_H
#define LIBOS_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>

/* Fills `len` bytes from RDSEED or RDRAND and returns true; on a processor with neither, from the jitter of the
 * cycle counter, which is not fit for keys, and returns false. */
bool entropy_fill(void *buf, size_t len);

#endif
