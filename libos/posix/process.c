/* SPDX-License-Identifier: MIT */
/*
 * process.c: the one process, and what each of its threads is asked at its start
 * and end.
 */
#include <errno.h>

#include "cpu.h"
#include "current.h"
#include "machine.h"
#include "services.h"

enum { ARCH_SET_FS = 0x1002 };

/* Thread-local storage is found through the FS segment's base. */
long libos_sys_arch_prctl(int code, uintptr_t address)
{
    if (code != ARCH_SET_FS)
        return -EINVAL;
    current->fs_base = address;
    set_fs_base(address);
    return 0;
}

long libos_sys_set_tid_address(int *address)
{
    current->clear_tid = address;
    return current->tid;
}

void (*before_end)(void);

_Noreturn void program_end(unsigned how)
{
    preempt_disable();
    if (before_end)
        before_end();
    machine_exit(how);
}

_Noreturn void libos_sys_exit_group(int status)
{
    program_end((unsigned)status & 0xff);
}

/* The last thread's end is the process's. */
_Noreturn void libos_sys_exit(int status)
{
    if (end_thread)
        end_thread(status);
    libos_sys_exit_group(status);
}
