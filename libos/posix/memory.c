/* SPDX-License-Identifier: MIT */
/*
 * memory.c: POSIX's memory calls, as a thin face on vm.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "services.h"
#include "vm.h"

/* Anonymous memory only. An address without MAP_FIXED is a wish, and is not granted. */
long libos_sys_mmap(uintptr_t address, size_t len, int prot, int flags, int fd, off_t offset)
{
    (void)fd, (void)offset;
    if (!(flags & MAP_ANONYMOUS))
        return -ENODEV;
    return vm_map(address, len, prot, flags & MAP_FIXED);
}

long libos_sys_munmap(uintptr_t address, size_t len)
{
    return vm_unmap(address, len);
}

long libos_sys_mprotect(uintptr_t address, size_t len, int prot)
{
    return vm_protect(address, len, prot);
}

long libos_sys_mremap(uintptr_t old, size_t old_len, size_t new_len, int flags, uintptr_t address)
{
    (void)address;
    if (flags & ~MREMAP_MAYMOVE)
        return -EINVAL;
    return vm_remap(old, old_len, new_len, flags & MREMAP_MAYMOVE);
}

/* MADV_DONTNEED promises zeros; every other advice is a hint, and none of them helps us. */
long libos_sys_madvise(uintptr_t address, size_t len, int advice)
{
    return advice == MADV_DONTNEED ? vm_discard(address, len) : 0;
}

long libos_sys_brk(uintptr_t end)
{
    return vm_brk(end);
}
