/* SPDX-License-Identifier: MIT */
/*
 * lab.h: what the trial program of the check asks of run_queue.c.
 */
#ifndef LIBOS_LAB_H
#define LIBOS_LAB_H

/* From now on turns last so many ticks, nobody waits for more than so many, and a record is kept.
 * Whoever calls this gets that
 * priority. */
void lab_begin(unsigned turn, unsigned most_ticks, int priority);

/* How urgent the threads are that are made from now on. */
void lab_priority(int priority);

/* Keeps the processor busy until the running thread has seen so many ticks, or nobody else is ready. */
void lab_run(unsigned ticks);

/* Prints the record. */
void lab_end(void);

#endif
