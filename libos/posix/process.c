/* SPDX-License-Identifier: MIT */
/*
 * process.c: the one process and its one thread.
 */
#include <errno.h>

#include "cpu.h"
#include "machine.h"
#include "services.h"

enum { ARCH_SET_FS = 0x1002 };
#define MSR_FS_BASE 0xc0000100

/* Thread-local storage is found through the FS segment's base. */
long libos_sys_arch_prctl(int code, uintptr_t address)
{
    if (code != ARCH_SET_FS)
        return -EINVAL;
    wrmsr(MSR_FS_BASE, address);
    return 0;
}

long libos_sys_set_tid_address(int *address)
{
    (void)address;
    return libos_sys_gettid();
}

long libos_sys_sched_yield(void)
{
    return 0;
}

_Noreturn void libos_sys_exit_group(int status)
{
    machine_exit((unsigned)status & 0xff);
}

/* The only thread's end is the process's. */
_Noreturn void libos_sys_exit(int status)
{
    libos_sys_exit_group(status);
}
