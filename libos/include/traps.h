/* SPDX-License-Identifier: MIT */
/*
 * traps.h: processor exceptions.
 */
#ifndef LIBOS_TRAPS_H
#define LIBOS_TRAPS_H

/* Bytes of stack below an interrupted function's red zone that letting another thread run takes. */
#define INTERRUPT_ROOM 1024

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

/* Sends a vector to a stub, on the given stack of the task state (IST). */
enum { IST_TRAP = 1, IST_DOUBLE_FAULT = 2, IST_INTERRUPT = 3 };
void trap_gate(unsigned vector, const char *stub, unsigned ist);

/* Exception vectors: Intel SDM vol. 3A, table "Protected-Mode Exceptions and Interrupts". */
enum {
    TRAP_DIVIDE = 0,
    TRAP_DEBUG = 1,
    TRAP_BREAKPOINT = 3,
    TRAP_INVALID_OPCODE = 6,
    TRAP_DOUBLE_FAULT = 8,
    TRAP_STACK_SEGMENT = 12,
    TRAP_PAGE_FAULT = 14,
    TRAP_X87 = 16,
    TRAP_ALIGNMENT = 17,
    TRAP_SIMD = 19,
    TRAP_COUNT = 22,
    VECTOR_COUNT = 48
};

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

/* If an exception came from moving an interrupted function's state to its stack, makes the frame that function's own.
 * Null without interrupts. */
extern void (*interrupt_undo)(struct trap_frame *frame);

/* Has the program's own handler called for an exception, when the exception returns; false if it has none. Null until
 * it may have. */
extern bool (*fault_signal)(struct trap_frame *frame);

/* Called by traps.S for every exception. Returns only if the instruction should run again. */
void trap_handle(struct trap_frame *frame);

#endif
#endif
