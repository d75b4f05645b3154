/* SPDX-License-Identifier: MIT */
/*
 * memory.c: POSIX's memory calls, as a thin face on vm.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "current.h"
#include "files.h"
#include "memory_map.h"
#include "services.h"
#include "vm.h"

/* The end of each call, with preemption enabled again. */
static long enabled(long result)
{
    preempt_enable();
    return result;
}

static long map_file(uintptr_t address, size_t len, int prot, int flags, int fd, off_t offset)
{
    struct file *file = file_get(fd);

    if (!file)
        return -EBADF;
    long result = !len || offset < 0 || offset % PAGE_SIZE ? -EINVAL
                  : file->ops->map                         ? file->ops->map(file, address, len, prot, flags, offset)
                                                           : -ENODEV;
    file_put(file);
    return result;
}

/* An address without MAP_FIXED is a wish, and is not granted. */
long libos_sys_mmap(uintptr_t address, size_t len, int prot, int flags, int fd, off_t offset)
{
    preempt_disable();
    if (!(flags & MAP_ANONYMOUS))
        return enabled(map_file(address, len, prot, flags, fd, offset));
    return enabled(vm_map(address, len, prot, flags & MAP_FIXED));
}

long libos_sys_munmap(uintptr_t address, size_t len)
{
    preempt_disable();
    return enabled(vm_unmap(address, len));
}

long libos_sys_mprotect(uintptr_t address, size_t len, int prot)
{
    preempt_disable();
    return enabled(vm_protect(address, len, prot));
}

long libos_sys_mremap(uintptr_t old, size_t old_len, size_t new_len, int flags, uintptr_t address)
{
    (void)address;
    if (flags & ~MREMAP_MAYMOVE)
        return -EINVAL;
    preempt_disable();
    return enabled(vm_remap(old, old_len, new_len, flags & MREMAP_MAYMOVE));
}

/* MADV_DONTNEED promises zeros; every other advice is a hint, and none of them helps us. */
long libos_sys_madvise(uintptr_t address, size_t len, int advice)
{
    if (advice != MADV_DONTNEED)
        return 0;
    preempt_disable();
    return enabled(vm_discard(address, len));
}

/* For thread-local variables that are larger than what the C library has set aside for them, before main(): a piece of
 * the heap, so that programs without mmap() do without it. */
long libos_tls_memory(long len)
{
    long start = (vm_brk(0) + PAGE_SIZE - 1) & -PAGE_SIZE;

    return vm_brk((uintptr_t)(start + len)) == start + len ? start : -ENOMEM;
}

long libos_sys_brk(uintptr_t address)
{
    preempt_disable();
    return enabled(vm_brk(address));
}
