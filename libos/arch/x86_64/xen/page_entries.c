/* SPDX-License-Identifier: MIT */
/*
 * page_entries.c: hypercalls that change page tables.
 *
 * Source: Xen, xen/include/public/xen.h: mmu_update, mmuext_op, update_va_mapping.
 */
#include <errno.h>

#include "cpu.h"
#include "frames.h"
#include "machine.h"
#include "page_tables.h"

uint64_t machine_address(const void *mapped)
{
    uintptr_t address = (uintptr_t)mapped;

    return (*entry(address, 1) & PTE_ADDRESS) | (address & (PAGE_SIZE - 1));
}

static void flush(void)
{
    struct xen_mmuext all = {.command = XEN_MMUEXT_TLB_FLUSH_LOCAL};

    hypercall(XEN_MMUEXT, (long)&all, 1, 0, XEN_DOMID_SELF);
}

void entry_write(uint64_t *e, uintptr_t page, int level, uint64_t value)
{
    long error;

    if (level == 1) {
        error = hypercall(XEN_UPDATE_VA_MAPPING, (long)page, (long)value, XEN_FLUSH_ONE_PAGE, 0);
    } else {
        struct xen_mmu_update update = {machine_address(e), value};

        error = hypercall(XEN_MMU_UPDATE, (long)&update, 1, 0, XEN_DOMID_SELF);
        /* The processor may remember the entry, and the window on the table that it led to. */
        if (!(value & PTE_PRESENT))
            flush();
    }
    if (error)
        panic("Xen refuses a change of the page tables");
}

void table_link(uint64_t *e, uintptr_t page, int level, uint64_t frame)
{
    /* Once it is a table, it cannot be written any more. */
    frame_zero(frame);
    entry_write(e, page, level, frame | PTE_EVERY | PTE_WRITABLE);
}
