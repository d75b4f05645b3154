/* SPDX-License-Identifier: MIT */
/*
 * by_number.c: calls whose number is known only at run time: syscall(2), and
 * cancellation points in images that hold pthread_cancel.
 *
 * Linking this links every service; few programs do.
 */
#include <sys/syscall.h>

#include "syscall_arch.h"

LIBOS_HIDDEN long libos_call_by_number(long n, long a, long b, long c, long d, long e, long f)
{
    switch (n) {
#include "libos_cases.h"
    }
    return libos_unimplemented(n, "an unknown call");
}
