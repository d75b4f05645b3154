/* SPDX-License-Identifier: MIT */
/*
 * signal_calls.c: what programs ask of signals: handlers, masks, sending, waiting.
 */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "services.h"
#include "signals.h"
#include "traps.h"

long libos_sys_rt_sigaction(int sig, const struct kernel_sigaction *new, struct kernel_sigaction *old,
                            size_t mask_len)
{
    if (sig < 1 || sig > SIGNALS || mask_len != sizeof(uint64_t))
        return -EINVAL;
    if (new && (sig == SIGKILL || sig == SIGSTOP))
        return -EINVAL;
    preempt_disable();
    struct kernel_sigaction wanted = new ? *new : (struct kernel_sigaction){0};
    if (old)
        *old = *signal_action(sig);
    if (new)
        *signal_action(sig) = wanted;
    fault_signal = fault_to_signal;
    preempt_enable();
    return 0;
}

long libos_sys_rt_sigprocmask(int how, const uint64_t *new, uint64_t *old, size_t mask_len)
{
    if (mask_len != sizeof(uint64_t))
        return -EINVAL;
    uint64_t blocked = current->blocked;
    if (new) {
        switch (how) {
        case SIG_BLOCK:
            blocked |= *new;
            break;
        case SIG_UNBLOCK:
            blocked &= ~*new;
            break;
        case SIG_SETMASK:
            blocked = *new;
            break;
        default:
            return -EINVAL;
        }
    }
    if (old)
        *old = current->blocked;
    preempt_disable();
    current->blocked = blocked & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
    resched_wanted |= signal_waits(current);
    preempt_enable();
    return 0;
}

long libos_sys_rt_sigpending(uint64_t *set, size_t mask_len)
{
    if (mask_len > sizeof *set)
        return -EINVAL;
    *set = (current->pending | process_pending) & current->blocked;
    return 0;
}

/* ---- sending -------------------------------------------------------------- */

/* To a thread, or with null to the process. Signal 0 only asks whether there is one. */
static long send_to(struct thread *thread, int sig, const siginfo_t *info)
{
    long result = 0;

    if (sig < 0 || sig > SIGNALS)
        return -EINVAL;
    preempt_disable();
    if (sig)
        result = signal_queue(thread, info);
    preempt_enable();
    return result;
}

static siginfo_t from_here(int sig, int code)
{
    return (siginfo_t){.si_signo = sig, .si_code = code, .si_pid = (pid_t)libos_sys_getpid()};
}

/* 0 and -1 are this process's group and everybody: itself, both times. */
static bool is_self(int pid)
{
    return pid == libos_sys_getpid() || pid == 0 || pid == -1;
}

long libos_sys_kill(int pid, int sig)
{
    siginfo_t info = from_here(sig, SI_USER);

    return is_self(pid) ? send_to(0, sig, &info) : -ESRCH;
}

long libos_sys_tkill(int tid, int sig)
{
    siginfo_t info = from_here(sig, SI_TKILL);

    if (tid <= 0)
        return -EINVAL;
    preempt_disable();
    struct thread *thread = tid == current->tid ? current : thread_find(tid);
    long result = thread ? send_to(thread, sig, &info) : -ESRCH;
    preempt_enable();
    return result;
}

long libos_sys_tgkill(int pid, int tid, int sig)
{
    if (pid <= 0)
        return -EINVAL;
    return pid == libos_sys_getpid() ? libos_sys_tkill(tid, sig) : -ESRCH;
}

long libos_sys_rt_sigqueueinfo(int pid, int sig, siginfo_t *info)
{
    if (!is_self(pid))
        return -ESRCH;
    siginfo_t copy = *info;
    copy.si_signo = sig;
    return send_to(0, sig, &copy);
}

/* ---- waiting -------------------------------------------------------------- */

/* Waits with another mask until a handler has run. */
long libos_sys_rt_sigsuspend(const uint64_t *mask, size_t mask_len)
{
    if (mask_len != sizeof *mask)
        return -EINVAL;
    uint64_t before = mask_begin(mask);
    int result;
    while ((result = wait_on(0, FOREVER)) == 0)
        ;
    return mask_end(before, result);
}

long libos_sys_pause(void)
{
    return libos_sys_rt_sigsuspend(&current->blocked, sizeof current->blocked);
}

/* Takes a signal out of a set that is blocked, without a handler. */
long libos_sys_rt_sigtimedwait(const uint64_t *set, siginfo_t *info, const struct timespec *timeout,
                               size_t mask_len)
{
    long result = 0, sig;
    siginfo_t taken;

    if (mask_len != sizeof *set)
        return -EINVAL;
    if (timeout && (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000))
        return -EINVAL;
    uint64_t deadline = timeout ? clock_deadline(timeout) : FOREVER;
    preempt_disable();
    while (!(sig = signal_take(*set, &taken)) && result == 0)
        result = wait_on(&sigwaiters, deadline);
    preempt_enable();
    if (!sig)
        return result == -ETIMEDOUT ? -EAGAIN : result;
    if (info)
        *info = taken;
    return sig;
}

/* ---- the alternate stack -------------------------------------------------- */

long libos_sys_sigaltstack(const stack_t *new, stack_t *old)
{
    uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
    bool on_it = sp - current->signal_stack < current->signal_stack_len;

    if (old)
        *old = (stack_t){.ss_sp = (void *)current->signal_stack,
                         .ss_flags = on_it                       ? SS_ONSTACK
                                     : current->signal_stack_len ? 0
                                                                 : SS_DISABLE,
                         .ss_size = current->signal_stack_len};
    if (!new)
        return 0;
    if (on_it)
        return -EPERM;
    if (new->ss_flags & ~(SS_DISABLE | SS_ONSTACK))
        return -EINVAL;
    bool none = new->ss_flags & SS_DISABLE;
    if (!none && new->ss_size < MINSIGSTKSZ)
        return -ENOMEM;
    preempt_disable(); /* no handler may be called in between */
    current->signal_stack = none ? 0 : (uintptr_t)new->ss_sp;
    current->signal_stack_len = none ? 0 : new->ss_size;
    preempt_enable();
    return 0;
}
