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

/* The same, but where the processor has neither, it asks a virtio device for random bytes too, and waits for them; false
 * if the machine has none. For getrandom() and such: whoever calls this has the driver in its image. Only on a thread;
 * with preemption enabled or not. */
bool entropy_ask(void *buf, size_t len);

#endif
