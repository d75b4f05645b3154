/* SPDX-License-Identifier: MIT */
/*
 * signals.h: sending signals from inside the library OS, and calling handlers.
 *
 * With preemption disabled, unless it says otherwise.
 */
#ifndef LIBOS_SIGNALS_H
#define LIBOS_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

#include "current.h"
#include "thread.h"

enum { SIGNALS = 64 };

/* What sysconf(_SC_MINSIGSTKSZ) says: bytes of stack for being told of one signal, an exception even, and for being
 * interrupted meanwhile. The handler's own functions, and services that it calls, come on top. */
enum { SIGNAL_STACK_LEAST = 3072 };

static inline uint64_t signal_bit(int sig)
{
    return 1ull << (sig - 1);
}

/* Makes a signal pending for a thread; null: for the process, so for whichever thread does not block it. */
void signal_send(struct thread *thread, int sig);

/* The same with what its handler should be told; null for the process. 0, or -EAGAIN for a real-time signal when too
 * many are pending. Another signal that is pending already is not sent twice. */
int signal_queue(struct thread *thread, const siginfo_t *info);

/* What is still pending from the timer of that number, for a thread or (null) the process; null for nothing. */
siginfo_t *signal_of_timer(struct thread *thread, int timer);

/* What timers.c does when a timer's signal is taken; null without timers. */
extern void (*timer_signal_taken)(const siginfo_t *info);

/* Takes the lowest signal of a set out of those pending for the running thread or for the process: its number, and
 * what is known of it; 0 if there is none. */
int signal_take(uint64_t set, siginfo_t *info);

/* Threads in sigwait(): woken when a blocked signal becomes pending. */
extern struct wait_queue sigwaiters;

/* What the program wants done about a signal. */
struct kernel_sigaction *signal_action(int sig);

/* Whether the program handles a signal itself. */
bool signal_has_handler(int sig);

/* Where a handler's stack begins that would be called now, from a function whose stack ends at `sp`: there, or at the
 * end of the alternate stack if the handler is to run on that. */
uintptr_t signal_stack_for(int sig, uintptr_t sp);

/* A ucontext_t as handlers are given one: without the room that the C library keeps behind it for its own use. What
 * floating-point state there is, fpregs leads to. Linux's is shorter, too, and stacks of signals are small. */
struct short_context {
    _Alignas(ucontext_t) char bytes[offsetof(ucontext_t, __fpregs_mem)];
};

/* Calls the program's handler, with preemption enabled, on the stack that is in use. `context` is what it may look at
 * and change: the mask in it is in force afterwards. Interrupts are on while the handler runs. To be called with
 * interrupts off; returns so, for them to stay off until the stack is left. */
void signal_call(int sig, siginfo_t *info, ucontext_t *context);

/* The program's handler for processor exceptions: see fault_signal in traps.h. */
struct trap_frame;
bool fault_to_signal(struct trap_frame *frame);

/* handlers.S: calls a function on the stack that ends at `stack`. */
void call_on_stack(uintptr_t stack, void (*fn)(void));

#endif
