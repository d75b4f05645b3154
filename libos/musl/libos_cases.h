/* SPDX-License-Identifier: MIT */
/*
 * libos_cases.h: the cases of a switch over a call's number n, with its arguments
 * a to f: what each call that Linux has becomes here.
 */
#define LIBOS_CALL(name, arguments)                                                                                \
    case __NR_##name:                                                                                              \
        return LIBOS_TRACED(libos_sys_##name(LIBOS_VALUES_##arguments), #name, arguments, a, b, c, d, e, f);
#include "libos_calls.h"
#undef LIBOS_CALL

#define LIBOS_PROCESS_CALL(name)                                                                                   \
    case __NR_##name:                                                                                              \
        return LIBOS_TRACED(libos_no_process(#name), #name, -1, a, b, c, d, e, f);
#include "libos_process_calls.h"
#undef LIBOS_PROCESS_CALL

/* Made by the build: the names of all others. */
#define LIBOS_UNIMPLEMENTED(name)                                                                                  \
    case __NR_##name:                                                                                              \
        return LIBOS_TRACED(libos_unimplemented(n, #name), #name, -1, a, b, c, d, e, f);
#include "libos_unimplemented_calls.h"
#undef LIBOS_UNIMPLEMENTED
