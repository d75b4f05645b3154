/* SPDX-License-Identifier: MIT */
/*
 * thread.c: in place of the assembly files of musl that hold a `syscall`
 * instruction: clone, __set_thread_area, __unmapself, restore; process.c is for
 * the others.
 */
#include <stdarg.h>

#include "pthread_impl.h"
#include "syscall.h"

enum { ARCH_SET_FS = 0x1002 };

hidden int __set_thread_area(void *pointer)
{
    return __syscall(SYS_arch_prctl, ARCH_SET_FS, pointer);
}

/* posix/threads.c */
hidden int libos_start_thread(int (*)(void *), void *, void *, int *, uintptr_t, int *);
_Noreturn hidden void libos_end_thread_unmapped(void *, size_t);

/* Called by pthread_create(), with the flags of a thread. */
hidden int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...)
{
    va_list more;

    va_start(more, arg);
    int *parent_tid = va_arg(more, int *);
    uintptr_t fs_base = va_arg(more, uintptr_t);
    int *child_tid = va_arg(more, int *);
    va_end(more);
    return LIBOS_TRACED(libos_start_thread(fn, stack, arg, parent_tid, fs_base, child_tid), "clone", 3, (long)fn,
                        (long)stack, (long)arg, 0, 0, 0);
}

_Noreturn hidden void __unmapself(void *base, size_t size)
{
    libos_end_thread_unmapped(base, size);
}

/* Handlers are called as functions, so nothing has to be restored. */
hidden void __restore(void)
{
}

hidden void __restore_rt(void)
{
}
