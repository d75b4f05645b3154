/* scheduler.c: who runs stays first in the queue. */
#include "scheduler.h"

static struct thread *first, *last;

static void append(struct thread *thread)
{
    thread->next = 0;
    if (first)
        last->next = thread;
    else
        first = thread;
    last = thread;
}

void scheduler_ready(struct thread *thread)
{
    append(thread);
}

void scheduler_yield(struct thread *thread)
{
    if (thread == first)
        first = thread->next;
    append(thread);
}

void scheduler_tick(struct thread *thread)
{
    scheduler_yield(thread);
}

struct thread *scheduler_next(void)
{
    return first;
}

void scheduler_rest(void)
{
    halt_until_interrupt();
}
