/* SPDX-License-Identifier: MIT */
/*
 * paging.c: four-level page tables that are mapped into themselves.
 *
 * PML4 slot 510 points back at the PML4, so the processor, following it,
 * presents every table as a page: the entry for address A of the lowest level
 * is the A/4096-th word of that window. No other map of RAM is needed to change
 * a mapping.
 *
 * Source: Intel SDM vol. 3A, chapter "Paging".
 */
#include "paging.h"

#include <errno.h>
#include <sys/mman.h>

#include "cpu.h"
#include "frames.h"
#include "machine.h"
#include "memory_map.h"

enum { PTE_PRESENT = 1, PTE_WRITABLE = 2, PTE_UNCACHED = 3 << 3 };
/* Bits 9-11 are ours. A PROT_NONE page is not present, and this bit says that it still has a frame. */
enum { PTE_HELD = 1 << 9 };
enum { TABLE_ENTRIES = 512, LEVELS = 4, LARGE_PAGE = 1 << 21 };
#define PTE_NO_EXECUTE (1ULL << 63)
#define PTE_ADDRESS 0x000ffffffffff000ULL

/* The entry that translates `address` at a level: 1 is a page's own, 4 the PML4's. Each level up, the window
 * is the self-map's view of the window below. */
static uint64_t *entry(uintptr_t address, int level)
{
    uint64_t at = address;

    for (int i = 0; i < level; i++)
        at = SELF_MAP_START | (at >> 9 & 0x7ffffffff8ULL);
    return (uint64_t *)at;
}

static uint64_t bits(int prot)
{
    if (prot == PROT_NONE)
        return PTE_HELD;
    return PTE_PRESENT | (prot & PROT_WRITE ? PTE_WRITABLE : 0) | (prot & PROT_EXEC ? 0 : PTE_NO_EXECUTE);
}

/* The lowest entry of a page, or null if a table above it is missing. */
static uint64_t *find(uintptr_t page)
{
    for (int level = LEVELS; level > 1; level--)
        if (!(*entry(page, level) & PTE_PRESENT))
            return 0;
    return entry(page, 1);
}

int paging_map(uintptr_t page, uint64_t frame, int prot)
{
    for (int level = LEVELS; level > 1; level--) {
        uint64_t *e = entry(page, level);

        if (*e & PTE_PRESENT)
            continue;
        uint64_t table = frame_alloc();
        if (!table)
            return -ENOMEM;
        /* Rights are narrowed at the lowest level only. */
        *e = table | PTE_PRESENT | PTE_WRITABLE;
        zero_page((void *)((uintptr_t)entry(page, level - 1) & ~(uintptr_t)(PAGE_SIZE - 1)));
    }
    *entry(page, 1) = frame | bits(prot);
    return 0;
}

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

void paging_protect(uintptr_t page, int prot)
{
    uint64_t *e = find(page);

    if (!e || !(*e & (PTE_PRESENT | PTE_HELD)))
        return;
    *e = (*e & PTE_ADDRESS) | bits(prot);
    invlpg(page);
}

uint64_t paging_frame(uintptr_t page)
{
    uint64_t *e = find(page);

    return e && (*e & (PTE_PRESENT | PTE_HELD)) ? *e & PTE_ADDRESS : 0;
}

uint64_t paging_unmap(uintptr_t page)
{
    uint64_t frame = paging_frame(page);

    if (frame) {
        *entry(page, 1) = 0;
        invlpg(page);
    }
    return frame;
}

int paging_rights(uintptr_t page)
{
    uint64_t *e = find(page);

    if (!e || !(*e & PTE_PRESENT))
        return PROT_NONE;
    return PROT_READ | (*e & PTE_WRITABLE ? PROT_WRITE : 0) | (*e & PTE_NO_EXECUTE ? 0 : PROT_EXEC);
}

int paging_move(uintptr_t page, uintptr_t to)
{
    int result = paging_map(to, paging_frame(page), paging_rights(page));

    if (!result)
        paging_unmap(page);
    return result;
}

/* True if the address is one at all, and its page has all of these bits. */
static bool has(uintptr_t address, uint64_t wanted)
{
    /* An address whose bits 48-63 do not repeat bit 47 is not canonical. */
    if ((uintptr_t)((intptr_t)(address << 16) >> 16) != address)
        return false;
    uint64_t *e = find(address & ~(uintptr_t)(PAGE_SIZE - 1));
    return e && (*e & wanted) == wanted;
}

bool paging_readable(uintptr_t address)
{
    return has(address, PTE_PRESENT);
}

bool paging_writable(uintptr_t page)
{
    return has(page, PTE_PRESENT | PTE_WRITABLE);
}

uintptr_t paging_next(uintptr_t page, uintptr_t end)
{
    while (page < end) {
        int level = LEVELS;

        while (level > 1 && *entry(page, level) & PTE_PRESENT)
            level--;
        if (level == 1)
            return page;
        uintptr_t span = (uintptr_t)PAGE_SIZE << (9 * (level - 1));
        page = (page & ~(span - 1)) + span;
    }
    return end;
}

/* Takes a table, which must be empty, out of the entry that leads to it at `level`. The processor may remember both the
 * entry and the window through which the table was seen. */
static void forget_table(uintptr_t page, int level)
{
    uint64_t *e = entry(page, level);
    uint64_t table = *e & PTE_ADDRESS;

    *e = 0;
    invlpg(page);
    invlpg((uintptr_t)entry(page, level - 1));
    frame_free(table);
}

void paging_forget(uintptr_t start, uintptr_t end)
{
    enum { DIRECTORY = 3, TABLE = 2 };
    const uintptr_t directory_span = 1ul << 30;

    for (; start < end; start += directory_span) {
        if (!(*entry(start, LEVELS) & PTE_PRESENT) || !(*entry(start, DIRECTORY) & PTE_PRESENT))
            continue;
        for (uintptr_t page = start; page < start + directory_span; page += LARGE_PAGE)
            if (*entry(page, TABLE) & PTE_PRESENT)
                forget_table(page, TABLE);
        forget_table(start, DIRECTORY);
    }
}

extern char __image_start[], __text_start[], __text_end[], __data_start[], __image_end[];
extern char __boot_stack_guard_start[], __trap_stack_guard_start[], __double_fault_stack_guard_start[],
    __interrupt_stack_guard_start[];
extern uint64_t boot_pd[], boot_pml4[];

/* What the real tables say of a page of the image. */
static uint64_t image_entry(uintptr_t page)
{
    if (page == (uintptr_t)__boot_stack_guard_start || page == (uintptr_t)__trap_stack_guard_start ||
        page == (uintptr_t)__double_fault_stack_guard_start || page == (uintptr_t)__interrupt_stack_guard_start)
        return 0;
    if (page >= (uintptr_t)__data_start)
        return page | bits(PROT_READ | PROT_WRITE);
    return page | bits(page >= (uintptr_t)__text_start ? PROT_READ | PROT_EXEC : PROT_READ);
}

void paging_init(void)
{
    uintptr_t page = (uintptr_t)__image_start;
    int i = 0;

    /* RAM is still mapped one to one, so a table is filled at its physical address before it is put in place;
     * the code running here is translated the same way before and after. */
    for (; (uintptr_t)i * LARGE_PAGE < (uintptr_t)__image_end; i++) {
        uint64_t *table = (uint64_t *)frame_alloc();
        if (!table)
            panic("out of memory for the image's page tables");
        zero_page(table);
        for (; page < (uintptr_t)__image_end && page / LARGE_PAGE == (uintptr_t)i; page += PAGE_SIZE)
            table[page / PAGE_SIZE % TABLE_ENTRIES] = image_entry(page);
        boot_pd[i] = (uintptr_t)table | PTE_PRESENT | PTE_WRITABLE;
    }
    for (; i < TABLE_ENTRIES; i++)
        boot_pd[i] = 0;
    write_cr3((uintptr_t)boot_pml4);
}
