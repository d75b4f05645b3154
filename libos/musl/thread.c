/* SPDX-License-Identifier: MIT */
/*
 * thread.c: in place of the assembly files of musl that hold a `syscall`
 * instruction: clone, __set_thread_area, __unmapself, vfork, restore.
 */
#include <errno.h>

#include "pthread_impl.h"
#include "syscall.h"

enum { ARCH_SET_FS = 0x1002 };

hidden int __set_thread_area(void *pointer)
{
    return __syscall(SYS_arch_prctl, ARCH_SET_FS, pointer);
}

/* Threads come with a scheduler; until then pthread_create() fails with EAGAIN. */
hidden int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...)
{
    return __syscall(SYS_clone, flags, stack, 0, 0, 0);
}

_Noreturn hidden void __unmapself(void *base, size_t size)
{
    __syscall(SYS_munmap, base, size);
    for (;;)
        __syscall(SYS_exit, 0);
}

/* Handlers are called as functions, so nothing has to be restored. */
hidden void __restore(void)
{
}

hidden void __restore_rt(void)
{
}

int vfork(void)
{
    return __syscall_ret(__syscall(SYS_vfork));
}
