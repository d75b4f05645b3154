/* SPDX-License-Identifier: MIT */
/*
 * paging.c: four-level page tables that are mapped into themselves.
 *
 * No other map of RAM is needed to change a mapping: see page_tables.h.
 */
#include "paging.h"

#include <errno.h>

#include "cpu.h"
#include "frames.h"
#include "page_tables.h"

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
        table_link(e, page, level, table);
    }
    entry_write(entry(page, 1), page, 1, frame | bits(prot));
    return 0;
}

void paging_protect(uintptr_t page, int prot)
{
    uint64_t *e = find(page);

    if (!e || !(*e & (PTE_PRESENT | PTE_HELD)))
        return;
    entry_write(e, page, 1, (*e & PTE_ADDRESS) | bits(prot));
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
        entry_write(entry(page, 1), page, 1, 0);
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

    entry_write(e, page, level, 0);
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
