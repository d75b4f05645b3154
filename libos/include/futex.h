/* SPDX-License-Identifier: MIT */
/*
 * futex.h: waiting for a word in memory to change: what every lock of the C
 * library is made of.
 *
 * With preemption disabled. Addresses are the word's.
 */
#ifndef LIBOS_FUTEX_H
#define LIBOS_FUTEX_H

#include <stdint.h>

/* Linux's operations, linux/futex.h. */
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_REQUEUE = 3, FUTEX_PRIVATE = 128 };

/* futex(2), as posix/futex.c does it for one thread until there are more. Not with preemption disabled. */
extern long (*futex)(int *word, int op, int value, uintptr_t timeout, int *other);
long futex_of_threads(int *word, int op, int value, uintptr_t timeout, int *other);

/* Waits if the word is `expected` until woken: 0. -EAGAIN if it is something else; -ETIMEDOUT, -EINTR as wait_on(). */
int futex_wait(const int *word, int expected, uint64_t deadline);

/* Wakes up to `most` threads that wait for the word; how many. */
int futex_wake(const int *word, int most);

/* Wakes up to `most`, and has up to `moved` others wait for another word instead; how many were woken or moved. */
int futex_requeue(const int *word, int most, const int *other, int moved);

#endif
