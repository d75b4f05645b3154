/* SPDX-License-Identifier: MIT */
/*
 * paging_init.c: from the tables of the boot to the real ones; registers of
 * devices.
 */
#include "cpu.h"
#include "frames.h"
#include "machine.h"
#include "page_tables.h"
#include "paging.h"

void *paging_map_device(uint64_t physical, size_t len)
{
    uint64_t end = physical + len;

    for (uint64_t page = physical & ~(uint64_t)(PAGE_SIZE - 1); page < end; page += PAGE_SIZE) {
        if (paging_frame(page))
            continue;
        if (paging_map(page, page, PROT_READ | PROT_WRITE))
            panic("out of memory for the page tables of a device");
        *entry(page, 1) |= PTE_UNCACHED;
    }
    return (void *)physical;
}

extern char __image_start[], __text_start[], __text_end[], __data_start[], __image_end[];
extern char __boot_stack_guard_start[], __trap_stack_guard_start[], __double_fault_stack_guard_start[],
    __interrupt_stack_guard_start[];
extern uint64_t boot_pd[], boot_pml4[];

/* What the real tables say of a page of the image. */
static uint64_t image_entry(uintptr_t page)
{
    if (page < (uintptr_t)__image_start || page >= (uintptr_t)__image_end)
        return 0;
    if (page == (uintptr_t)__boot_stack_guard_start || page == (uintptr_t)__trap_stack_guard_start ||
        page == (uintptr_t)__double_fault_stack_guard_start || page == (uintptr_t)__interrupt_stack_guard_start)
        return 0;
    if (page >= (uintptr_t)__data_start)
        return page | PTE_EVERY | PTE_WRITABLE | PTE_NO_EXECUTE;
    return page | PTE_EVERY | (page >= (uintptr_t)__text_start ? 0 : PTE_NO_EXECUTE);
}

void paging_init(void)
{
    uintptr_t page = 0;
    int i = 0;

    /* RAM is still mapped one to one, so a table is filled at its physical address before it is put in place;
     * the code running here is translated the same way before and after. */
    for (; page < (uintptr_t)__image_end; i++) {
        uint64_t *table = (uint64_t *)frame_alloc();
        if (!table)
            panic("out of memory for the image's page tables");
        for (int j = 0; j < TABLE_ENTRIES; j++, page += PAGE_SIZE)
            table[j] = image_entry(page);
        boot_pd[i] = (uintptr_t)table | PTE_PRESENT | PTE_WRITABLE;
    }
    for (; i < TABLE_ENTRIES; i++)
        boot_pd[i] = 0;
    write_cr3((uintptr_t)boot_pml4);
}
