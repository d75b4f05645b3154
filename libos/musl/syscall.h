/* SPDX-License-Identifier: MIT */
/*
 * syscall.h: stands in front of musl's src/internal/syscall.h, for cancellation
 * points.
 *
 * musl passes these calls' numbers through a function, at run time, which would
 * bring every service into every image. Only an image that holds pthread_cancel
 * needs that: __syscall_cp_c() is defined there, and a weak reference does not
 * pull it in.
 */
#ifndef LIBOS_SYSCALL_H
#define LIBOS_SYSCALL_H

#include_next "syscall.h"

#ifdef __syscall_cp
extern LIBOS_HIDDEN
    __attribute__((__weak__)) long __syscall_cp_c(syscall_arg_t, syscall_arg_t, syscall_arg_t, syscall_arg_t,
                                                  syscall_arg_t, syscall_arg_t, syscall_arg_t);
#undef __syscall_cp0
#undef __syscall_cp1
#undef __syscall_cp2
#undef __syscall_cp3
#undef __syscall_cp4
#undef __syscall_cp5
#undef __syscall_cp6
#define LIBOS_CP(n, a, b, c, d, e, f)                                                                              \
    (__syscall_cp_c ? __syscall_cp_c(n, a, b, c, d, e, f) : libos_call(n, a, b, c, d, e, f))
#define __syscall_cp0(n) LIBOS_CP(n, 0, 0, 0, 0, 0, 0)
#define __syscall_cp1(n, a) LIBOS_CP(n, __scc(a), 0, 0, 0, 0, 0)
#define __syscall_cp2(n, a, b) LIBOS_CP(n, __scc(a), __scc(b), 0, 0, 0, 0)
#define __syscall_cp3(n, a, b, c) LIBOS_CP(n, __scc(a), __scc(b), __scc(c), 0, 0, 0)
#define __syscall_cp4(n, a, b, c, d) LIBOS_CP(n, __scc(a), __scc(b), __scc(c), __scc(d), 0, 0)
#define __syscall_cp5(n, a, b, c, d, e) LIBOS_CP(n, __scc(a), __scc(b), __scc(c), __scc(d), __scc(e), 0)
#define __syscall_cp6(n, a, b, c, d, e, f) LIBOS_CP(n, __scc(a), __scc(b), __scc(c), __scc(d), __scc(e), __scc(f))

/* Socket calls go through another such function of musl's, for systems that have one call for all of them. */
#undef __socketcall
#undef __socketcall_cp
#define __socketcall(name, a, b, c, d, e, f) __syscall(SYS_##name, a, b, c, d, e, f)
#define __socketcall_cp(name, a, b, c, d, e, f) __syscall_cp(SYS_##name, a, b, c, d, e, f)
#endif

#endif
