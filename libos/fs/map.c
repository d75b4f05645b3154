/* SPDX-License-Identifier: MIT */
/*
 * map.c: files as memory: mmap() of a file.
 *
 * The pages are copied when the mapping is made, not when they are touched: there
 * is no page cache that a mapping could share. So a mapping is always private. A
 * shared one is the same thing while nobody writes, and is given for files that
 * nobody can write.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "console.h"
#include "path.h"
#include "vm.h"

/* Shared memory in a file is what databases use, and none of them expects to be told. */
static void explain(void)
{
    static bool told;

    if (!told)
        console_puts(
            "libos: a file cannot be mapped with MAP_SHARED unless it is read-only: mmap() fails with ENODEV\n");
    told = true;
}

long inode_map(struct file *file, uintptr_t address, size_t len, int prot, int flags, off_t at)
{
    struct inode *inode = file_inode(file);
    bool shared = flags & MAP_SHARED;

    if ((file->flags & O_ACCMODE) == O_WRONLY)
        return -EACCES;
    if (shared && prot & PROT_WRITE && (file->flags & O_ACCMODE) != O_RDWR)
        return -EACCES;
    if (!S_ISREG(inode->mode))
        return -ENODEV;
    if (shared && !inode->mount->read_only) {
        explain();
        return -ENODEV;
    }
    long start = vm_map(address, len, PROT_READ | PROT_WRITE, flags & MAP_FIXED);
    if (start < 0)
        return start;
    /* Past the end of the file are zeros; other systems raise SIGBUS in pages that lie wholly there. */
    long result = at < inode->size ? inode->ops->read(inode, (void *)start, len, at) : 0;
    if (result >= 0)
        result = vm_protect((uintptr_t)start, len, prot);
    if (result < 0) {
        vm_unmap((uintptr_t)start, len);
        return result;
    }
    return start;
}
