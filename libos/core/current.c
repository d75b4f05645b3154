/* SPDX-License-Identifier: MIT */
/*
 * current.c: the first thread, and the hooks that a scheduler fills.
 */
#include "current.h"

#include <errno.h>
#include <signal.h>

#include "cpu.h"

struct thread main_thread; /* its number is set by start(): zeroes take no room in the image */
struct thread *current = &main_thread;
volatile bool resched_wanted;
bool interrupts_used;
uint64_t process_pending;

/* With one thread there is nobody to run, but a signal may have been sent. */
static void only_signals(void)
{
    resched_wanted = false;
    if (signal_waits(current))
        deliver_signals();
    /* A handler may have made a scheduler. */
    if (interrupts_used)
        interrupts_enable();
}

void (*resched)(void) = only_signals;
void (*end_thread)(int status);
void (*deliver_signals)(void);
bool (*restart_after_signal)(void);
void (*forget_signals)(struct thread *thread);

uint64_t mask_begin(const uint64_t *mask)
{
    uint64_t before = current->blocked;

    preempt_disable();
    current->blocked = *mask & ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1));
    return before;
}

long mask_end(uint64_t before, long result)
{
    /* Without a scheduler, nothing has noticed yet that the mask lets something through. */
    resched_wanted |= signal_waits(current);
    if (result == -EINTR) {
        preempt_enable();
        preempt_disable();
    }
    current->blocked = before;
    resched_wanted |= signal_waits(current);
    preempt_enable();
    return result;
}
