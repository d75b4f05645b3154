/* SPDX-License-Identifier: MIT */
/*
 * hypercall.h: asking Xen.
 *
 * A hypercall is a SYSCALL instruction, which leads to Xen from wherever a domain
 * executes it. If that is in kernel mode, Xen serves it; if it is in user mode,
 * where we mostly are, Xen passes it to our kernel mode, and traps.S asks there.
 *
 * Source: Xen, xen/include/public/arch-x86/xen-x86_64.h.
 */
#ifndef LIBOS_HYPERCALL_H
#define LIBOS_HYPERCALL_H

#include "xen.h"

/* The result: 0 or more, or a negative errno value of Xen's, which are Linux's. */
long hypercall(long number, long a, long b, long c, long d);

/* For hypercalls of a command and a pointer to its arguments. */
static inline long hypercall_command(long number, long command, const void *arguments)
{
    return hypercall(number, command, (long)arguments, 0, 0);
}

#endif
