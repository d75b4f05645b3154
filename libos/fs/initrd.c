/* SPDX-License-Identifier: MIT */
/*
 * initrd.c: the root file system: the archive that the loader left in memory.
 *
 * Its pages are mapped where they are, read-only: a file of it is read with one
 * copy, from there to the program.
 */
#include <string.h>
#include <sys/mman.h>

#include "console.h"
#include "archive.h"
#include "memory_map.h"
#include "paging.h"
#include "pvh.h"

/* Copies from physical memory that nothing maps. */
static void copy_physical(void *to, uint64_t from, size_t len)
{
    for (char *out = to; len;) {
        size_t offset = from % PAGE_SIZE, run = PAGE_SIZE - offset < len ? PAGE_SIZE - offset : len;

        paging_map(PAGE_WINDOW, from - offset, PROT_READ);
        memcpy(out, (char *)PAGE_WINDOW + offset, run);
        paging_unmap(PAGE_WINDOW);
        out += run;
        from += run;
        len -= run;
    }
}

/* The loader's first module, mapped read-only; null if there is none, or no memory for its page tables. */
static const char *map_archive(size_t *size)
{
    struct pvh_start_info info;
    struct pvh_module module;

    copy_physical(&info, pvh_address, sizeof info);
    if (!info.module_count)
        return 0;
    copy_physical(&module, info.modules, sizeof module);
    uint64_t start = module.address & ~(uint64_t)(PAGE_SIZE - 1), end = module.address + module.size;
    if (!module.size || end - start > ARCHIVE_END - ARCHIVE_START)
        return 0;
    for (uint64_t frame = start; frame < end; frame += PAGE_SIZE)
        if (paging_map(ARCHIVE_START + (frame - start), frame, PROT_READ))
            return 0;
    *size = module.size;
    return (const char *)ARCHIVE_START + (module.address - start);
}

static void refuse(const char *complaint, size_t at)
{
    console_puts("libos: the initrd is not used: it is no sound cpio archive (newc): ");
    console_puts(complaint);
    console_puts(", at byte ");
    console_dec(at);
    console_puts("\n");
}

static struct tree_node root;

static const struct inode_ops root_ops = {.lookup = tree_lookup, .place = tree_place, .entry = tree_entry};

static int cpio_start(struct mount *mount)
{
    size_t size, wrong;

    root.inode = (struct inode){
        .ops = &root_ops, .mount = mount, .references = 1, .mode = S_IFDIR | 0755, .number = 1, .links = 2};
    const char *archive = map_archive(&size);
    const char *complaint = archive ? cpio_read(&root, archive, size, &wrong) : 0;
    if (complaint)
        refuse(complaint, wrong);
    mount->root = &root.inode;
    return 0;
}

static int cpio_statfs(struct mount *mount, struct statfs *st)
{
    (void)mount;
    st->f_type = 0x858458f6; /* RAMFS_MAGIC */
    st->f_bsize = PAGE_SIZE;
    return 0;
}

struct mount cpio_mount = {.name = "", .read_only = true, .number = 1, .start = cpio_start, .statfs = cpio_statfs};
