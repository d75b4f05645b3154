/* SPDX-License-Identifier: MIT */
/*
 * paging.h: the page tables of the one address space.
 *
 * Addresses are virtual and page-aligned. PROT_* are POSIX's. A page that is
 * PROT_WRITE is never executable: asking for both is a programming error here
 * and is refused with EACCES one storey up.
 */
#ifndef LIBOS_PAGING_H
#define LIBOS_PAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From the boot tables, which map the first GiB writable and executable, to the real ones: the image, each part
 * with the least rights that work, and nothing else. */
void paging_init(void);

/* Maps one page, which must be unmapped, onto a frame. 0, or -ENOMEM if there is no frame for a table. */
int paging_map(uintptr_t page, uint64_t frame, int prot);

/* Maps the registers of a device at their physical addresses, uncached. As often as one likes. */
void *paging_map_device(uint64_t physical, size_t len);

/* Changes the rights of a mapped page. PROT_NONE keeps its frame and its contents but makes every access fault. */
void paging_protect(uintptr_t page, int prot);

/* Gives the frame and the rights of one page to another, which must be unmapped. 0, or -ENOMEM as paging_map(). */
int paging_move(uintptr_t page, uintptr_t to);

/* PROT_* of a page; PROT_NONE if it has no frame. */
int paging_rights(uintptr_t page);

/* Unmaps one page and returns its frame; 0 if it had none. */
uint64_t paging_unmap(uintptr_t page);

/* The frame behind a page, PROT_NONE or not; 0 if there is none. */
uint64_t paging_frame(uintptr_t page);

/* True if a load from this address, aligned or not, would not fault. */
bool paging_readable(uintptr_t address);

/* True if a store to this page would not fault. */
bool paging_writable(uintptr_t page);

/* The next page at or after `page`, before `end`, that may have a frame. Skips unmapped gigabytes quickly. */
uintptr_t paging_next(uintptr_t page, uintptr_t end);

/* Gives back the page tables of a range of whole GiB in which no page is mapped any more. */
void paging_forget(uintptr_t start, uintptr_t end);

#endif
