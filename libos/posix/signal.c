/* SPDX-License-Identifier: MIT */
/*
 * signal.c: from a signal's sending to the call of its handler.
 *
 * Signals come from the program itself, from timers, and from pipes and sockets:
 * there is nobody else. One is pending until a thread that it is for can take it:
 * at the end of a service, or when that thread is interrupted. Then the handler is
 * called as a function, on the thread's stack.
 */
#include "signals.h"

#include <errno.h>
#include <string.h>

#include "console.h"
#include "cpu.h"
#include "machine.h"
#include "pool.h"
#include "services.h"
#include "traps.h"

enum { STATUS_OF_SIGNAL = 128, MAX_RECORDS = 1024 };
enum { FIRST_REAL_TIME = 32 }; /* from here on, a signal that is sent twice comes twice */
enum { SIGNAL_CANCEL = 33 };   /* the C library's own, for pthread_cancel() */

/* A signal that was sent, and what its handler should be told. */
struct signal_record {
    siginfo_t info;
    struct signal_record *next;
};

static struct pool pool = POOL(struct signal_record, MAX_RECORDS);
static struct kernel_sigaction actions[SIGNALS + 1];
static struct signal_record *process_signals; /* those of process_pending */
struct wait_queue sigwaiters;
void (*timer_signal_taken)(const siginfo_t *info);

static bool ignored(int sig)
{
    if (actions[sig].handler != SIG_DFL)
        return actions[sig].handler == SIG_IGN;
    return sig == SIGCHLD || sig == SIGCONT || sig == SIGURG || sig == SIGWINCH;
}

struct kernel_sigaction *signal_action(int sig)
{
    return &actions[sig];
}

bool signal_has_handler(int sig)
{
    return actions[sig].handler != SIG_DFL && actions[sig].handler != SIG_IGN;
}

static _Noreturn void die(int sig)
{
    if (interrupts_used)
        interrupts_enable(); /* what is left to do may wait for a device */
    console_puts("\nlibos: ended by signal ");
    console_dec((uint64_t)sig);
    console_puts("\n");
    program_end(EXIT_SIGNALLED | (unsigned)(STATUS_OF_SIGNAL + sig));
}

/* ---- what is pending ------------------------------------------------------ */

/* The end of a list, or the first record in it of that signal. */
static struct signal_record **find(struct signal_record **list, int sig)
{
    while (*list && (*list)->info.si_signo != sig)
        list = &(*list)->next;
    return list;
}

siginfo_t *signal_of_timer(struct thread *thread, int timer)
{
    struct signal_record *record = thread ? thread->signals : process_signals;

    while (record && !(record->info.si_code == SI_TIMER && record->info.si_timerid == timer))
        record = record->next;
    return record ? &record->info : 0;
}

int signal_take(uint64_t set, siginfo_t *info)
{
    uint64_t own = current->pending & set, all = own | (process_pending & set);

    if (!all)
        return 0;
    int sig = __builtin_ctzll(all) + 1;
    bool mine = own & signal_bit(sig);
    struct signal_record **list = mine ? &current->signals : &process_signals, **link = find(list, sig);
    struct signal_record *record = *link;

    *info = (siginfo_t){.si_signo = sig};
    if (record) {
        *info = record->info;
        *link = record->next;
        pool_free(&pool, record);
        if (info->si_code == SI_TIMER && timer_signal_taken)
            timer_signal_taken(info);
    }
    if (!*find(list, sig))
        *(mine ? &current->pending : &process_pending) &= ~signal_bit(sig);
    return sig;
}

/* ---- calling handlers ----------------------------------------------------- */

uintptr_t signal_stack_for(int sig, uintptr_t sp)
{
    uintptr_t start = current->signal_stack, len = current->signal_stack_len;

    return actions[sig].flags & SA_ONSTACK && len && sp - start >= len ? start + len : sp;
}

void signal_call(int sig, siginfo_t *info, ucontext_t *context)
{
    struct kernel_sigaction action = actions[sig];
    /* A handler that takes the number alone finds it where the others do. */
    void (*handler)(int, siginfo_t *, void *) = (void (*)(int, siginfo_t *, void *))(void *)action.handler;

    if (action.flags & SA_RESETHAND)
        actions[sig].handler = SIG_DFL;
    /* A handler may change the mask that is in force after it. */
    memcpy(&context->uc_sigmask, &current->blocked, sizeof current->blocked);
    current->blocked |= action.mask | (action.flags & SA_NODEFER ? 0 : signal_bit(sig));
    /* What has been asked for meanwhile is done now; a signal that the new mask lets through comes before the handler's
     * first instruction, as Linux has it. */
    if (resched_wanted || signal_waits(current))
        resched();
    if (interrupts_used)
        interrupts_enable();
    handler(sig, info, context);
    interrupts_disable();
    memcpy(&current->blocked, &context->uc_sigmask, sizeof current->blocked);
}

/* The lowest signal that the running thread can take; 0 for none. */
static int next_signal(void)
{
    uint64_t set = (current->pending | process_pending) & ~current->blocked;

    return set ? __builtin_ctzll(set) + 1 : 0;
}

/* On the handler's stack, which may be the only one with room for what the handler is told. */
static __attribute__((noinline)) void take_and_call(void)
{
    siginfo_t info;
    struct short_context context = {0};

    /* Half of it must not be done when the stack ends: better to fault now, while the signal is still pending. */
    (void)*((volatile char *)__builtin_frame_address(0) - sizeof info - sizeof context - INTERRUPT_ROOM);
    current->preempt_count++;
    int sig = signal_take(~current->blocked, &info);
    bool handled = signal_has_handler(sig);
    if (!handled && !ignored(sig))
        die(sig);
    current->preempt_count--;
    if (handled)
        signal_call(sig, &info, (ucontext_t *)&context);
}

/* With interrupts off, except while a handler runs: from a signal's taking until the mask keeps the next one out, and
 * from the mask's end until the handler's stack is left. So no interrupt can deliver the next one on top of what this
 * one needs, and in a storm of them a thread's stack holds each signal at most once. */
static void deliver(void)
{
    for (int sig; (sig = next_signal());) {
        uintptr_t sp = (uintptr_t)__builtin_frame_address(0), stack = signal_stack_for(sig, sp);

        if (stack == sp)
            take_and_call();
        else
            call_on_stack(stack, take_and_call);
    }
}

/* Cancellation ends a wait for good, whatever its handler's flags say: the C library looks at what comes back. */
static bool restart(void)
{
    int sig = next_signal();

    if (sig == SIGNAL_CANCEL || !(actions[sig].flags & SA_RESTART || ignored(sig)))
        return false;
    unsigned count = current->preempt_count;
    interrupts_disable();
    current->preempt_count = 0;
    deliver();
    current->preempt_count = count;
    interrupts_enable();
    return true;
}

/* Nobody takes what is pending for a thread that has ended. */
static void forget(struct thread *thread)
{
    for (struct signal_record *record; (record = thread->signals);) {
        thread->signals = record->next;
        pool_free(&pool, record);
    }
}

/* ---- sending -------------------------------------------------------------- */

/* Has somebody take it who can. */
static void notify(struct thread *thread, uint64_t bit)
{
    if (thread->blocked & bit)
        wake_all(&sigwaiters); /* sigwait() is for signals that are blocked */
    else if (thread == current)
        resched_wanted = true;
    else
        wake_thread(thread, -EINTR);
}

int signal_queue(struct thread *thread, const siginfo_t *info)
{
    int sig = info->si_signo;
    struct thread *taker = thread ? thread : thread_for_signal(signal_bit(sig));
    uint64_t *pending = thread ? &thread->pending : &process_pending;

    if (ignored(sig) && !(taker->blocked & signal_bit(sig)))
        return 0;
    if (sig >= FIRST_REAL_TIME || !(*pending & signal_bit(sig))) {
        struct signal_record *record = pool_alloc(&pool), **end = thread ? &thread->signals : &process_signals;

        if (record) {
            while (*end)
                end = &(*end)->next;
            record->info = *info;
            *end = record;
        } else if (sig >= FIRST_REAL_TIME) {
            return -EAGAIN;
        }
    }
    deliver_signals = deliver;
    restart_after_signal = restart;
    forget_signals = forget;
    *pending |= signal_bit(sig);
    notify(taker, signal_bit(sig));
    return 0;
}

void signal_send(struct thread *thread, int sig)
{
    siginfo_t info = {.si_signo = sig, .si_code = SI_USER, .si_pid = (pid_t)libos_sys_getpid()};

    signal_queue(thread, &info);
}
