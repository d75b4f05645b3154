/* mincore.c: which pages have a frame. Becomes libos/posix/mincore.c. */
#include "mincore.h"

#include <errno.h>

#include "current.h"    /* preempt_disable(), preempt_enable() */
#include "memory_map.h" /* PAGE_SIZE */
#include "paging.h"     /* paging_frame(), paging_writable() */
#include "vm.h"         /* vm_owns() */

long libos_sys_mincore(uintptr_t address, size_t len, unsigned char *vec)
{
    (void)address, (void)len, (void)vec;
    return -ENOSYS;
}
