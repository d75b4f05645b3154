/* SPDX-License-Identifier: MIT */
/*
 * page_entries.h: changing entries of the page tables where we are free to: they
 * are words of memory. xen/page_entries.h asks Xen to. Part of page_tables.h.
 */
#ifndef LIBOS_PAGE_ENTRIES_H
#define LIBOS_PAGE_ENTRIES_H

#include "cpu.h"

/* What every entry has that is present. */
enum { PTE_EVERY = PTE_PRESENT };

/* Changes `*e`, the entry for `page` at `level`. The TLB may still remember what it was. */
static inline void entry_write(uint64_t *e, uintptr_t page, int level, uint64_t value)
{
    (void)page, (void)level;
    *e = value;
}

/* Makes a frame the table below `*e`, the entry for `page` at `level`: an empty one. */
static inline void table_link(uint64_t *e, uintptr_t page, int level, uint64_t frame)
{
    /* Rights are narrowed at the lowest level only. */
    *e = frame | PTE_PRESENT | PTE_WRITABLE;
    zero_page((void *)((uintptr_t)entry(page, level - 1) & ~(uintptr_t)(PAGE_SIZE - 1)));
}

#endif
