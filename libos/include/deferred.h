/* SPDX-License-Identifier: MIT */
/*
 * deferred.h: what is done later: timers that are due, and what interrupts asked
 * for. Used by the scheduler; others use the functions in thread.h.
 */
#ifndef LIBOS_DEFERRED_H
#define LIBOS_DEFERRED_H

#include <stdbool.h>

/* Does all of it. With preemption disabled, interrupts on. */
void deferred_run(void);

/* True if there is something to do now. With interrupts off. */
bool deferred_wanted(void);

#endif
