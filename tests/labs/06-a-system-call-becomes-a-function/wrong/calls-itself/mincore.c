/* mincore.c: which pages have a frame. Becomes libos/posix/mincore.c. */
#include "mincore.h"

#include <errno.h>

#include "current.h"    /* preempt_disable(), preempt_enable() */
#include "memory_map.h" /* PAGE_SIZE */
#include "paging.h"     /* paging_frame(), paging_writable() */
#include "vm.h"         /* vm_owns() */

static long answer(uintptr_t page, unsigned char *vec)
{
    if (!vm_owns(page))
        return -ENOMEM;
    if (!paging_writable((uintptr_t)vec))
        return -EFAULT;
    *vec = paging_frame(page) != 0;
    return 0;
}

long libos_sys_mincore(uintptr_t address, size_t len, unsigned char *vec)
{
    long result = len ? libos_sys_mincore(address, len, vec) : 0;

    if (address % PAGE_SIZE)
        return -EINVAL;
    /* Rounded up without an addition that could wrap around. */
    size_t pages = len / PAGE_SIZE + (len % PAGE_SIZE != 0);
    preempt_disable();
    for (size_t i = 0; i < pages && !result; i++)
        result = answer(address + i * PAGE_SIZE, &vec[i]);
    preempt_enable();
    return result;
}
