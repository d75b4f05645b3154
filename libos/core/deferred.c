/* SPDX-License-Identifier: MIT */
/*
 * deferred.c: timers in the order of their deadlines, and work that interrupts
 * asked for.
 */
#include "deferred.h"

#include "clock.h"
#include "cpu.h"
#include "interrupts.h"
#include "thread.h"

/* In order, the next first. Most timers are set further ahead than all others, so places are looked for from the end. */
static struct timer *first, *last;
static uint64_t armed; /* what the timer interrupt is set to; 0 for nothing */
static struct work *work_list;

static void arm(void)
{
    if (first && (!armed || first->deadline < armed)) {
        armed = first->deadline;
        timer_interrupt_set(armed);
    }
}

void timer_cancel(struct timer *timer)
{
    if (!timer->deadline)
        return;
    timer->deadline = 0;
    *(timer->previous ? &timer->previous->next : &first) = timer->next;
    *(timer->next ? &timer->next->previous : &last) = timer->previous;
}

void timer_set(struct timer *timer, uint64_t deadline)
{
    timer_cancel(timer);
    timer->deadline = deadline ? deadline : 1;
    struct timer *before = last;
    while (before && before->deadline > timer->deadline)
        before = before->previous;
    timer->previous = before;
    timer->next = before ? before->next : first;
    *(before ? &before->next : &first) = timer;
    *(timer->next ? &timer->next->previous : &last) = timer;
    arm();
}

void work_ask(struct work *work)
{
    resched_wanted = true;
    if (work->wanted)
        return;
    work->wanted = true;
    work->next = work_list;
    work_list = work;
}

void interrupt_timer(void *context)
{
    (void)context;
    armed = 0;
    resched_wanted = true;
}

bool deferred_wanted(void)
{
    return work_list || (first && !armed);
}

static struct work *take_work(void)
{
    bool enabled = interrupts_disable();
    struct work *work = work_list;

    if (work) {
        work_list = work->next;
        work->wanted = false;
    }
    if (enabled)
        interrupts_enable();
    return work;
}

void deferred_run(void)
{
    for (struct work *work; (work = take_work());)
        work->run();
    /* The clock is read once, and only if a timer may be due, of which an interrupt tells: one that is set again and
     * again for the next moment does not keep everybody else from running. */
    uint64_t now = first && !armed ? clock_monotonic() : 0;
    while (first && first->deadline <= now) {
        struct timer *timer = first;

        timer_cancel(timer);
        timer->run(timer);
    }
    arm();
}
