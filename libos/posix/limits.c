/* SPDX-License-Identifier: MIT */
/*
 * limits.c: what one process may use at most. These are the library OS's own
 * limits; there is nobody who could be given less or more.
 */
#include <errno.h>
#include <sys/resource.h>

#include "files.h"
#include "memory_map.h"
#include "services.h"

static rlim_t limit(int resource)
{
    switch (resource) {
    case RLIMIT_NOFILE:
        return DESCRIPTORS;
    case RLIMIT_STACK:
        return MAIN_STACK_SIZE;
    case RLIMIT_DATA:
        return HEAP_END - HEAP_START;
    case RLIMIT_CORE:
        return 0;
    default:
        return RLIM_INFINITY;
    }
}

long libos_sys_prlimit64(int pid, unsigned resource, const struct rlimit *new, struct rlimit *old)
{
    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    if (pid != 0 && pid != libos_sys_getpid())
        return -ESRCH;
    rlim_t value = limit((int)resource);
    if (new && (new->rlim_cur != value || new->rlim_max != value))
        return -EPERM;
    if (old)
        *old = (struct rlimit){value, value};
    return 0;
}
