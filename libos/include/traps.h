/* SPDX-License-Identifier: MIT */
/*
 * traps.h: processor exceptions.
 */
#ifndef LIBOS_TRAPS_H
#define LIBOS_TRAPS_H

#include <stdint.h>

/* Exception vectors: Intel SDM vol. 3A, table "Protected-Mode Exceptions and Interrupts". */
enum { TRAP_DOUBLE_FAULT = 8, TRAP_PAGE_FAULT = 14, TRAP_COUNT = 22 };

/* Bits of a page fault's error code: Intel SDM vol. 3A, section "Page-Fault Exceptions". */
enum { FAULT_PRESENT = 1, FAULT_WRITE = 2, FAULT_FETCH = 16 };

/* What traps.S leaves on the exception stack, lowest address first. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Loads the segments, the task state with its exception stacks, and the vectors. Call once, first. */
void traps_init(void);

/* Called by traps.S for every exception. Returns only if the instruction should run again. */
void trap_handle(struct trap_frame *frame);

#endif
