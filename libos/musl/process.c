/* SPDX-License-Identifier: MIT */
/*
 * process.c: in place of what musl has for second processes. Apart from thread.c,
 * so that a program with threads need not hold the reason why there are none.
 */
#include "pthread_impl.h"
#include "syscall.h"

int vfork(void)
{
    return __syscall_ret(__syscall(SYS_vfork));
}

/* What they call instead of __clone(): process_clone.h. */
hidden int __clone_process(int (*fn)(void *), void *stack, int flags, void *arg, ...)
{
    (void)fn, (void)arg;
    return __syscall(SYS_clone, flags, stack, 0, 0, 0);
}
