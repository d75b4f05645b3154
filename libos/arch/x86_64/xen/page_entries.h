/* SPDX-License-Identifier: MIT */
/*
 * page_entries.h: changing entries of the page tables where Xen has the last word.
 * Part of page_tables.h.
 *
 * The tables are ours to read: they hold the machine's addresses, and no page of
 * them is mapped writable anywhere, which Xen sees to. Each change is asked for;
 * Xen refuses what would lead to memory that is not ours.
 */
#ifndef LIBOS_PAGE_ENTRIES_H
#define LIBOS_PAGE_ENTRIES_H

/* What every entry has that is present: kernel mode and user mode are both privilege level 3. */
enum { PTE_EVERY = PTE_PRESENT | PTE_USER };

/* Changes `*e`, the entry for `page` at `level`, and what the TLB remembers of it. */
void entry_write(uint64_t *e, uintptr_t page, int level, uint64_t value);

/* Makes a frame the table below `*e`, the entry for `page` at `level`: an empty one. */
void table_link(uint64_t *e, uintptr_t page, int level, uint64_t frame);

#endif
