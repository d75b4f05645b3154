/* SPDX-License-Identifier: MIT */
/*
 * futex.c: futex(2), for one thread or for many.
 *
 * The C library's locks call it even in programs that never start a thread, so
 * the general case is behind a pointer: only programs with threads link it.
 */
#include <errno.h>

#include "clock.h"
#include "cpu.h"
#include "futex.h"
#include "machine.h"
#include "services.h"

/* The only thread, and no scheduler that could run anything else meanwhile: nobody will change the word, so all it can
 * wait for is the end of its time. */
static long futex_alone(int *word, int op, int value, uintptr_t timeout, int *other)
{
    (void)other;
    if (op != FUTEX_WAIT)
        return 0;
    if (*(volatile int *)word != value)
        return -EAGAIN;
    if (!timeout)
        panic("deadlock: the only thread waits for a lock that nobody else can release");
    uint64_t deadline = clock_deadline((const struct timespec *)timeout);
    while (clock_monotonic() < deadline)
        cpu_relax();
    return -ETIMEDOUT;
}

long (*futex)(int *word, int op, int value, uintptr_t timeout, int *other) = futex_alone;

/* What the C library uses, and no more. Priority inheritance (FUTEX_LOCK_PI and the like) is left out: there are no
 * priorities. */
long libos_sys_futex(int *word, int op, int value, uintptr_t timeout, int *other, int value3)
{
    (void)value3;
    if ((uintptr_t)word % sizeof *word)
        return -EINVAL;
    op &= ~FUTEX_PRIVATE; /* all memory is this process's */
    if (op == FUTEX_WAIT && timeout) {
        const struct timespec *time = (const struct timespec *)timeout;

        if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= 1000000000)
            return -EINVAL;
    }
    return op == FUTEX_WAIT || op == FUTEX_WAKE || op == FUTEX_REQUEUE ? futex(word, op, value, timeout, other)
                                                                       : -ENOSYS;
}
