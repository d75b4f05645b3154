/* SPDX-License-Identifier: MIT */
/*
 * signal.c: signals the program sends to itself: there is nobody else.
 *
 * A handler is called as a function by whoever raises the signal or unblocks
 * it. Handlers run on the current stack, without a saved context.
 */
#include <errno.h>
#include <stdbool.h>

#include "console.h"
#include "machine.h"
#include "services.h"

enum { SIGNALS = 64, STATUS_OF_SIGNAL = 128 };

static struct kernel_sigaction actions[SIGNALS + 1];
static uint64_t blocked, pending;

static uint64_t bit(int sig)
{
    return 1ull << (sig - 1);
}

static bool ignored_by_default(int sig)
{
    return sig == SIGCHLD || sig == SIGCONT || sig == SIGURG || sig == SIGWINCH;
}

static void deliver(int sig)
{
    struct kernel_sigaction action = actions[sig];

    if (action.handler == SIG_IGN || (action.handler == SIG_DFL && ignored_by_default(sig)))
        return;
    if (action.handler == SIG_DFL) {
        console_puts("\nlibos: ended by signal ");
        console_dec((uint64_t)sig);
        console_puts("\n");
        machine_exit(EXIT_SIGNALLED | (unsigned)(STATUS_OF_SIGNAL + sig));
    }
    if (action.flags & SA_RESETHAND)
        actions[sig].handler = SIG_DFL;
    uint64_t before = blocked;
    blocked |= action.mask | (action.flags & SA_NODEFER ? 0 : bit(sig));
    if (action.flags & SA_SIGINFO) {
        siginfo_t info = {.si_signo = sig, .si_code = SI_TKILL, .si_pid = 1};
        ((void (*)(int, siginfo_t *, void *))(void *)action.handler)(sig, &info, 0);
    } else {
        action.handler(sig);
    }
    blocked = before;
}

static void deliver_pending(void)
{
    for (int sig = 1; sig <= SIGNALS; sig++) {
        if (pending & ~blocked & bit(sig)) {
            pending &= ~bit(sig);
            deliver(sig);
        }
    }
}

long libos_sys_rt_sigaction(int sig, const struct kernel_sigaction *new, struct kernel_sigaction *old,
                            size_t mask_len)
{
    if (sig < 1 || sig > SIGNALS || mask_len != sizeof(uint64_t))
        return -EINVAL;
    if (new && (sig == SIGKILL || sig == SIGSTOP))
        return -EINVAL;
    if (old)
        *old = actions[sig];
    if (new)
        actions[sig] = *new;
    return 0;
}

long libos_sys_rt_sigprocmask(int how, const uint64_t *new, uint64_t *old, size_t mask_len)
{
    if (mask_len != sizeof(uint64_t))
        return -EINVAL;
    uint64_t before = blocked;
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
        blocked &= ~(bit(SIGKILL) | bit(SIGSTOP));
    }
    if (old)
        *old = before;
    deliver_pending();
    return 0;
}

/* Sends to the only thread. Signal 0 asks whether it is there. */
static long send(int sig)
{
    if (sig < 0 || sig > SIGNALS)
        return -EINVAL;
    if (sig) {
        pending |= bit(sig);
        deliver_pending();
    }
    return 0;
}

long libos_sys_tkill(int tid, int sig)
{
    return tid == libos_sys_gettid() ? send(sig) : -ESRCH;
}

long libos_sys_tgkill(int pid, int tid, int sig)
{
    return pid == libos_sys_getpid() ? libos_sys_tkill(tid, sig) : -ESRCH;
}

long libos_sys_kill(int pid, int sig)
{
    /* 0 and -1 are this process's group and everybody: itself, both times. */
    return pid == libos_sys_getpid() || pid == 0 || pid == -1 ? send(sig) : -ESRCH;
}
