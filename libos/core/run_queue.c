/* SPDX-License-Identifier: MIT */
/*
 * run_queue.c: round robin. Whoever is ready goes to the end of one queue, whatever
 * made it so; whoever is at its head runs next. So nobody waits for longer than the
 * others' quanta together.
 */
#include "run_queue.h"

#include "cpu.h"
#include "queue.h"

const uint64_t quantum_ns = 10000000;

static struct wait_queue ready;

void run_queue_add(struct thread *thread)
{
    queue_push(&ready, thread);
}

void run_queue_put_back(struct thread *thread, enum made_way why)
{
    (void)why;
    queue_push(&ready, thread);
}

struct thread *run_queue_take(void)
{
    return queue_pop(&ready);
}

bool run_queue_empty(void)
{
    return !ready.first;
}

void run_queue_rest(void)
{
    interrupts_wait();
}
