/* SPDX-License-Identifier: MIT */
/*
 * page_tables.h: how page tables look from within: paging.c and paging_init.c.
 *
 * PML4 slot 510 points back at the PML4, so the processor, following it,
 * presents every table as a page: the entry for address A of the lowest level
 * is the A/4096-th word of that window. Entries can be read there; how they are
 * changed is in page_entries.h: that of arch/x86_64/, or of arch/x86_64/xen/.
 *
 * Source: Intel SDM vol. 3A, chapter "Paging".
 */
#ifndef LIBOS_PAGE_TABLES_H
#define LIBOS_PAGE_TABLES_H

#include <stdint.h>
#include <sys/mman.h>

#include "memory_map.h"

enum { PTE_PRESENT = 1, PTE_WRITABLE = 2, PTE_USER = 4, PTE_UNCACHED = 3 << 3 };
/* Bits 9-11 are ours. A PROT_NONE page is not present, and this bit says that it still has a frame. */
enum { PTE_HELD = 1 << 9 };
enum { TABLE_ENTRIES = 512, LEVELS = 4, LARGE_PAGE = 1 << 21 };
#define PTE_NO_EXECUTE (1ULL << 63)
#define PTE_ADDRESS 0x000ffffffffff000ULL

/* The entry that translates `address` at a level: 1 is a page's own, 4 the PML4's. Each level up, the window
 * is the self-map's view of the window below. */
static inline uint64_t *entry(uintptr_t address, int level)
{
    uint64_t at = address;

    for (int i = 0; i < level; i++)
        at = SELF_MAP_START | (at >> 9 & 0x7ffffffff8ULL);
    return (uint64_t *)at;
}

#include <page_entries.h>

static inline uint64_t bits(int prot)
{
    if (prot == PROT_NONE)
        return PTE_HELD;
    return PTE_EVERY | (prot & PROT_WRITE ? PTE_WRITABLE : 0) | (prot & PROT_EXEC ? 0 : PTE_NO_EXECUTE);
}

#endif
