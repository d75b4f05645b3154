/* SPDX-License-Identifier: MIT */
/*
 * vm.h: virtual memory: who owns which addresses, and what is behind them.
 *
 * Addresses and lengths are bytes; lengths are rounded up to pages. Errors are
 * negative errno values. Memory is given when it is asked for, not when it is
 * touched, so running out is -ENOMEM from a call and never a fault later; only
 * the main stack grows by faults.
 */
#ifndef LIBOS_VM_H
#define LIBOS_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reserves `len` bytes of the mmap area and backs them with zeroed frames (none for PROT_NONE). With `fixed`, at
 * exactly `address`, replacing what was there; otherwise the lowest hole that fits. Returns the address. */
long vm_map(uintptr_t address, size_t len, int prot, bool fixed);

/* Unmaps and forgets a range. Parts that were not mapped are no error. */
long vm_unmap(uintptr_t address, size_t len);

/* Changes rights. -ENOMEM if some of the range belongs to nobody, -EACCES for writable and executable at once. */
long vm_protect(uintptr_t address, size_t len, int prot);

/* Grows, shrinks or moves a mapping of vm_map(), keeping its frames. Returns its address. */
long vm_remap(uintptr_t old, size_t old_len, size_t new_len, bool may_move);

/* Makes a range read as zeros. -ENOMEM if some of it belongs to nobody. */
long vm_discard(uintptr_t address, size_t len);

/* Moves the end of the heap; returns the end now, which is the old one if the request cannot be met. */
long vm_brk(uintptr_t end);

/* True if the address belongs to the image, the heap, the main stack or a mapping, whatever its rights. */
bool vm_owns(uintptr_t address);

/* Backs `len` bytes at the top of the main stack. Called once, at boot, while RAM is still mapped one to one. */
void vm_stack_init(size_t len);

/* Backs the page of the main stack that holds `address`. False if that is no part of the stack, or RAM is out. */
bool vm_stack_grow(uintptr_t address);

#endif
