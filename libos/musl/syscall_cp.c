/* SPDX-License-Identifier: MIT */
/*
 * syscall_cp.c: in place of musl's assembly for a cancellation point. In an
 * object of its own: its reference to __cancel() must not bring pthread_cancel()
 * into every image.
 */
#include "pthread_impl.h"
#include "syscall.h"

hidden long __cancel(void);
/* musl's signal handler compares the interrupted address with these. Cancellation here is noticed on return. */
hidden const char __cp_begin[1], __cp_end[1], __cp_cancel[1];

hidden long __syscall_cp_asm(volatile void *cancel, syscall_arg_t n, syscall_arg_t a, syscall_arg_t b,
                             syscall_arg_t c, syscall_arg_t d, syscall_arg_t e, syscall_arg_t f)
{
    if (*(volatile int *)cancel)
        return __cancel();
    return libos_call_by_number(n, a, b, c, d, e, f);
}
