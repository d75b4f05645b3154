/* SPDX-License-Identifier: MIT */
/*
 * identity.c: who and where the program is: the only process, of the only user,
 * of the only program on the machine.
 */
#include <string.h>

#include "console.h"
#include "current.h"
#include "entropy.h"
#include "frames.h"
#include "memory_map.h"
#include "services.h"

enum { PROCESS_ID = 1 };

long libos_sys_getpid(void)
{
    return PROCESS_ID;
}

/* Nobody started it but the machine. */
long libos_sys_getppid(void)
{
    return 0;
}

long libos_sys_gettid(void)
{
    return current->tid;
}

long libos_sys_getuid(void)
{
    return 0;
}

long libos_sys_geteuid(void)
{
    return 0;
}

long libos_sys_getgid(void)
{
    return 0;
}

long libos_sys_getegid(void)
{
    return 0;
}

long libos_sys_uname(struct utsname *name)
{
    memset(name, 0, sizeof *name);
    strcpy(name->sysname, "One Address Space");
    strcpy(name->nodename, "unikernel");
    strcpy(name->release, "0.1.0");
    strcpy(name->version, "library OS");
    strcpy(name->machine, "x86_64");
    return 0;
}

long libos_sys_sysinfo(struct sysinfo *info)
{
    memset(info, 0, sizeof *info);
    info->totalram = frames_total();
    info->freeram = frames_available();
    info->procs = 1;
    info->mem_unit = PAGE_SIZE;
    return 0;
}

long libos_sys_getrandom(void *buf, size_t len, unsigned flags)
{
    static int told;

    (void)flags;
    if (!entropy_ask(buf, len) && !told++)
        console_puts("libos: this processor has no random number generator; random bytes are guessable\n");
    return (long)len;
}
