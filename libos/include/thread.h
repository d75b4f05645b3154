/* SPDX-License-Identifier: MIT */
/*
 * thread.h: threads that take turns on one processor, and waiting.
 *
 * Round robin: every ready thread runs for up to a quantum, then the next. A
 * thread that has nothing to do waits in a wait queue; when all wait, the
 * processor halts until an interrupt.
 *
 * Data of the library OS is touched only with preemption disabled (current.h).
 * An interrupt handler touches none of it: it asks for work, which is done later
 * under that protection. Everything here is called with preemption disabled
 * unless it says otherwise.
 */
#ifndef LIBOS_THREAD_H
#define LIBOS_THREAD_H

#include "current.h"

/* Threads in the order in which they will be woken. Zeroes are an empty queue. */
struct wait_queue {
    struct thread *first, *last;
};

/* Something to be done at a time. Zeroes are a timer that is not set. */
struct timer {
    uint64_t deadline; /* monotonic nanoseconds; 0 while it is not set */
    void (*run)(struct timer *timer);
    struct timer *next, *previous;
};

/* Something an interrupt asks for. */
struct work {
    void (*run)(void);
    volatile bool wanted;
    struct work *next;
};

/* For a wait without a deadline. */
#define FOREVER UINT64_MAX

/* What context_switch() leaves on the stack of a thread that does not run: thread->rsp leads to it. */
struct switch_frame {
    uint64_t floating_point; /* MXCSR, and the x87's control and status words */
    uint64_t r15, r14, r13, r12, rbp, rbx, rip;
};

/* For a panic: prints every thread but the running one: its number, its state, and its backtrace, whose innermost
 * function outside the scheduler is what it waits in. */
void threads_report(void);

/* Makes a scheduler: timer, interrupts, idle thread. Called by whatever needs one; costs nothing the second time. */
void threads_init(void);

/* Starts a thread that runs fn(arg) on the stack whose upper end is `stack`, with the thread pointer `fs_base`. It
 * inherits the signal mask. The new thread, or null if there are too many. */
struct thread *thread_start(int (*fn)(void *), void *arg, uintptr_t stack, uintptr_t fs_base);

/* Ends the running thread; with the last, the machine, with that status. If dead_stack_len is not 0, that part of its
 * stack is unmapped afterwards. */
_Noreturn void thread_end(int status);

/* All threads that have not ended, the newest first, by all_next. */
extern struct thread *all_threads;

/* The thread with that number; null if there is none. */
struct thread *thread_find(int tid);

/* A thread that does not block the signal, the running one if that does not; the running one if all do. */
struct thread *thread_for_signal(uint64_t bit);

/* Lets the next ready thread run, if there is one. */
void thread_yield(void);

/* Waits in `queue` (null: only for the deadline) until woken: 0, or what wake_thread() says. Until `deadline`, monotonic
 * nanoseconds: -ETIMEDOUT. Until a signal that the thread does not block is sent to it: -EINTR. Others run meanwhile.
 * 0 may come for no reason: look again at what was waited for. */
int wait_on(struct wait_queue *queue, uint64_t deadline);

/* Waits until woken, and leaves signals for later. */
void wait_through_signals(struct wait_queue *queue);

/* The same for calls that go on after a signal whose handler has SA_RESTART: 0 then too, so look again at what was
 * waited for. */
static inline int wait_restartable(struct wait_queue *queue, uint64_t deadline)
{
    int result = wait_on(queue, deadline);

    return result == -4 && restart_after_signal && restart_after_signal() ? 0 : result; /* EINTR */
}

/* Makes the first thread of a queue ready, or all; how many. */
int wake_one(struct wait_queue *queue);
int wake_all(struct wait_queue *queue);

/* Ends the wait of a thread, wherever it waits. Nothing happens if it does not. */
void wake_thread(struct thread *thread, int result);

/* Sets a timer, anew if it is set; takes it back. */
void timer_set(struct timer *timer, uint64_t deadline);
void timer_cancel(struct timer *timer);

/* Has work done soon. For interrupt handlers: with interrupts off, whatever else is going on. */
void work_ask(struct work *work);

#endif
