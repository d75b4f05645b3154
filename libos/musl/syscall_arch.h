/* SPDX-License-Identifier: MIT */
/*
 * syscall_arch.h: stands in front of musl's file of this name, and is the whole
 * difference between the two C libraries of the course.
 *
 * In musl's, __syscall0() to __syscall6() each hold one `syscall` instruction.
 * Here they call the library OS. The call's number is a constant at nearly
 * every call site, so the switch below vanishes and one direct call of one
 * service is left: what a program never calls is not linked into its image.
 *
 * The services' own declarations have pointers and ints where these have long:
 * they agree in registers, as the two sides of a system call do.
 */
#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

#define LIBOS_HIDDEN __attribute__((__visibility__("hidden")))

#define LIBOS_TYPES_0 void
#define LIBOS_TYPES_1 long
#define LIBOS_TYPES_2 long, long
#define LIBOS_TYPES_3 long, long, long
#define LIBOS_TYPES_4 long, long, long, long
#define LIBOS_TYPES_5 long, long, long, long, long
#define LIBOS_TYPES_6 long, long, long, long, long, long

#define LIBOS_VALUES_0
#define LIBOS_VALUES_1 a
#define LIBOS_VALUES_2 a, b
#define LIBOS_VALUES_3 a, b, c
#define LIBOS_VALUES_4 a, b, c, d
#define LIBOS_VALUES_5 a, b, c, d, e
#define LIBOS_VALUES_6 a, b, c, d, e, f

#define LIBOS_CALL(name, arguments) LIBOS_HIDDEN long libos_sys_##name(LIBOS_TYPES_##arguments);
#include "libos_calls.h"
#undef LIBOS_CALL

/* A call whose number is known only at run time: syscall(2), and cancellation points. posix/by_number.c */
LIBOS_HIDDEN long libos_call_by_number(long n, long a, long b, long c, long d, long e, long f);

/* Says once, by name, that a call is not implemented; returns -ENOSYS. posix/unimplemented.c */
LIBOS_HIDDEN long libos_unimplemented(long n, const char *name);

/* Says once why there is no second process; returns -ENOSYS. posix/no_process.c */
LIBOS_HIDDEN long libos_no_process(const char *name);

/* Memory for large thread-local variables at the start: small_start.h. posix/memory.c */
LIBOS_HIDDEN long libos_tls_memory(long len);

/* What a call becomes. In an image that is built to be traced, it is told before and after: posix/trace.c. */
#ifdef LIBOS_TRACE
LIBOS_HIDDEN void libos_trace_call(const char *name, int arguments, long a, long b, long c, long d, long e, long f);
LIBOS_HIDDEN long libos_trace_result(const char *name, long result);
#define LIBOS_TRACED(call, name, arguments, a, b, c, d, e, f)                                                      \
    (libos_trace_call(name, arguments, a, b, c, d, e, f), libos_trace_result(name, call))
#else
#define LIBOS_TRACED(call, name, arguments, a, b, c, d, e, f) (call)
#endif

static __inline
    __attribute__((__always_inline__)) long libos_call(long n, long a, long b, long c, long d, long e, long f)
{
    if (!__builtin_constant_p(n))
        return libos_call_by_number(n, a, b, c, d, e, f);
    switch (n) {
#ifdef __NR_tls_memory
    case __NR_tls_memory:
        return libos_tls_memory(b);
#endif
#include "libos_cases.h"
    }
    return libos_unimplemented(n, "");
}

#define LIBOS_INLINE static __inline __attribute__((__always_inline__)) long
LIBOS_INLINE __syscall0(long n)
{
    return libos_call(n, 0, 0, 0, 0, 0, 0);
}
LIBOS_INLINE __syscall1(long n, long a)
{
    return libos_call(n, a, 0, 0, 0, 0, 0);
}
LIBOS_INLINE __syscall2(long n, long a, long b)
{
    return libos_call(n, a, b, 0, 0, 0, 0);
}
LIBOS_INLINE __syscall3(long n, long a, long b, long c)
{
    return libos_call(n, a, b, c, 0, 0, 0);
}
LIBOS_INLINE __syscall4(long n, long a, long b, long c, long d)
{
    return libos_call(n, a, b, c, d, 0, 0);
}
LIBOS_INLINE __syscall5(long n, long a, long b, long c, long d, long e)
{
    return libos_call(n, a, b, c, d, e, 0);
}
LIBOS_INLINE __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
    return libos_call(n, a, b, c, d, e, f);
}

#define IPC_64 0
