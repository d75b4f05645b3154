/* SPDX-License-Identifier: MIT */
/*
 * current.h: what the library OS knows of the running thread, whether there is a
 * scheduler or not.
 *
 * Most programs have one thread and never wait; no scheduler is linked into
 * their images. What a service needs to know all the same is here: small, and
 * without a reference to the rest.
 */
#ifndef LIBOS_CURRENT_H
#define LIBOS_CURRENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum thread_state { THREAD_READY, THREAD_WAITING, THREAD_ENDED };

struct thread {
    uint64_t rsp; /* while another runs; context.S knows that it is first */
    uintptr_t fs_base;
    struct thread *next;      /* in the run queue or in a wait queue */
    struct thread *all_next;  /* in the list of all threads */
    struct wait_queue *queue; /* where it waits; null for nowhere */
    enum thread_state state;
    int tid;
    int wait_result;               /* what wait_on() will return */
    unsigned preempt_count;        /* while above 0, no other thread may run */
    int *clear_tid;                /* zeroed and woken when it ends: set_tid_address(2) */
    uint64_t blocked, pending;     /* signals: bit n - 1 is signal n */
    struct signal_record *signals; /* what is known of those that are pending: posix/signal.c */
    uintptr_t signal_stack;        /* sigaltstack(2), and how long it is: 0 for none */
    size_t signal_stack_len;
    uintptr_t dead_stack; /* to be unmapped once it has ended, and how much of it */
    size_t dead_stack_len;
};

extern struct thread main_thread;
extern struct thread *current;

/* Signals that are pending for whichever thread takes them first. */
extern uint64_t process_pending;

/* Set by an interrupt when something should be done as soon as preemption is possible, and what then does it. */
extern volatile bool resched_wanted;
extern void (*resched)(void);

/* How a thread ends that may not be the only one. Null without a scheduler. */
extern void (*end_thread)(int status);

/* Whether there is anybody to handle interrupts: whether they are on while the program runs. */
extern bool interrupts_used;

/* What posix/signal.c does about the signals that are pending for the running thread; null until one was sent. The
 * first runs their handlers, with preemption enabled; interrupts are off when it is called and when it returns. The
 * second is for a wait that a signal has ended, with preemption disabled: if the handlers ask for it (SA_RESTART), it
 * runs them and says that the wait should begin again. */
extern void (*deliver_signals)(void);
extern bool (*restart_after_signal)(void);

/* Drops what is pending for a thread that ends; null as those. */
extern void (*forget_signals)(struct thread *thread);

static inline bool signal_waits(const struct thread *thread)
{
    return (thread->pending | process_pending) & ~thread->blocked;
}

/* For calls that wait with another signal mask, as sigsuspend() and ppoll() do: puts it in force, with preemption
 * disabled, so that a signal it lets through ends the wait and does not come just before. */
uint64_t mask_begin(const uint64_t *mask);

/* The end of that: what mask_begin() returned is in force again, and preemption enabled. If `result`, which it returns,
 * is -EINTR, handlers have run before. */
long mask_end(uint64_t before, long result);

/* Between these two, no other thread runs and no deferred work is done: what the library OS's own data need. They
 * nest. An interrupt may come, but only takes note. */
static inline void preempt_disable(void)
{
    current->preempt_count++;
    __asm__ volatile("" : : : "memory");
}

static inline void preempt_enable(void)
{
    __asm__ volatile("" : : : "memory");
    if (--current->preempt_count == 0 && resched_wanted)
        resched();
}

#endif
