/* SPDX-License-Identifier: MIT */
/*
 * clock.h: time. Nanoseconds throughout.
 *
 * The first call calibrates (about 10 ms); a program that never asks for the
 * time pays nothing at boot.
 */
#ifndef LIBOS_CLOCK_H
#define LIBOS_CLOCK_H

#include <stdint.h>

/* Since the first call of any function here. Never goes back. */
uint64_t clock_monotonic(void);

/* Since 1970-01-01 00:00 UTC, from the machine's CMOS clock, which counts whole seconds: right to one second. */
uint64_t clock_wall(void);

/* The monotonic time at which a call's timeout, a valid one, is over. One that is too long for the clock never is. */
struct timespec;
uint64_t clock_deadline(const struct timespec *timeout);

/* What clock_wall() would have said when the cycle counter stood there. */
uint64_t clock_wall_at(uint64_t cycles);

/* Counts of the 8254 timer, channel 0, going down at PIT_HZ (pit.c). */
enum { PIT_HZ = 1193182 };
void pit_start(void);
uint16_t pit_read(void);

/* Seconds since 1970 by the CMOS clock (rtc.c). */
uint64_t rtc_seconds(void);

#endif
