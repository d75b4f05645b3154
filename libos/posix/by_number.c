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
#define LIBOS_CALL(name, arguments)                                                                                \
    case __NR_##name:                                                                                              \
        return libos_sys_##name(LIBOS_VALUES_##arguments);
#include "libos_calls.h"
#undef LIBOS_CALL
#define LIBOS_UNIMPLEMENTED(name)                                                                                  \
    case __NR_##name:                                                                                              \
        return libos_unimplemented(n, #name);
#include "libos_unimplemented_calls.h"
#undef LIBOS_UNIMPLEMENTED
    }
    return libos_unimplemented(n, "an unknown call");
}
