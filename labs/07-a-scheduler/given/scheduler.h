/* SPDX-License-Identifier: MIT */
/*
 * scheduler.h: what the library OS asks of your scheduler, and what it gives you.
 *
 * Whoever is ready is yours to keep: from the call that hands you a thread up to the
 * scheduler_next() that gives it back. Meanwhile the thread is in no other queue, and
 * its `next` is free for you to link it by. There is one processor, and none of your
 * functions is interrupted or called by two threads at once.
 */
#ifndef LIBOS_SCHEDULER_H
#define LIBOS_SCHEDULER_H

#include "current.h" /* struct thread: you need `next` and `tid`, nothing else */

/* Numbers of threads, `tid`, are below this: an array by tid is a good place for notes. */
enum { MAX_TID = 64 };

/* ---- what you write, in scheduler.c ---------------------------------------- */

/* A thread is ready: it is new, or what it waited for has happened. Its turn begins anew when it runs. */
void scheduler_ready(struct thread *thread);

/* The running thread yields: it lets others run, and is still ready. Its turn is over. */
void scheduler_yield(struct thread *thread);

/* The clock has ticked while this thread was running, and it is still ready. Its turn is over after turn_ticks of these;
 * otherwise it should run on. */
void scheduler_tick(struct thread *thread);

/* Who runs now? That thread is ready no longer. Null if none is. */
struct thread *scheduler_next(void);

/* None is ready: lets the processor rest until an interrupt has come, and returns. */
void scheduler_rest(void);

/* ---- what you are given ----------------------------------------------------- */

/* How many ticks a turn lasts: at least 1. */
extern unsigned turn_ticks;

/* Part 2. How urgent a thread is: 0 to 7, more is more urgent. It does not change. */
int priority_of(const struct thread *thread);

/* Part 2. Who has been ready for so many ticks goes first, however urgent the others are. */
extern unsigned patience;

/* Allows interrupts and halts the processor, in one step: nothing can come in between. Returns after the interrupt, with
 * interrupts allowed. */
void halt_until_interrupt(void);

#endif
