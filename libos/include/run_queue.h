/* SPDX-License-Identifier: MIT */
/*
 * run_queue.h: the scheduler's policy: who runs next, and for how long.
 *
 * core/thread.c has the mechanism: it stops threads, switches stacks, and knows who
 * waits for what. Whom it switches to, it asks here. Called with preemption
 * disabled, take and rest with interrupts off as well: nothing here may wait, or
 * take longer the more threads there are.
 */
#ifndef LIBOS_RUN_QUEUE_H
#define LIBOS_RUN_QUEUE_H

#include "current.h"

/* For how long a thread runs while another is ready: nanoseconds. */
extern const uint64_t quantum_ns;

/* A thread that is new, or no longer waits, is ready. It is in no queue, so its `next` is free to use. */
void run_queue_add(struct thread *thread);

/* Why a thread makes way that is still ready: of its own accord (sched_yield), for work of the library OS that an
 * interrupt asked for, or because it had its time. */
enum made_way { YIELDED, INTERRUPTED, QUANTUM_OVER };

/* A thread that ran makes way, and is ready again. */
void run_queue_put_back(struct thread *thread, enum made_way why);

/* The thread to run next, which is ready no longer: it runs. Null if none is. */
struct thread *run_queue_take(void);

/* Whether none is ready. */
bool run_queue_empty(void);

/* Nobody is ready: halts the processor until an interrupt has come. Interrupts are off when it is called, and on when it
 * returns; the one that ends the wait must not come before the wait begins. */
void run_queue_rest(void);

#endif
