/* SPDX-License-Identifier: MIT */
/*
 * traps.c: segments, task state and vectors; what to do with an exception.
 *
 * Sources: Intel SDM vol. 3A, sections "Segment Descriptors", "Task Management in
 * 64-bit Mode", "64-Bit Mode IDT" and "Interrupt Stack Table". By their titles,
 * since the numbers change from edition to edition.
 */
#include "traps.h"

#include "cpu.h"
#include "machine.h"
#include "vm.h"

enum { CODE_SEGMENT = 8, TASK_SEGMENT = 24 };
enum { GATE_INTERRUPT = 0x8e };

static struct __attribute__((packed)) {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7];
    uint16_t reserved2[5], io_map;
} task_state;

static struct gate {
    uint16_t offset_low, segment;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
} vectors[VECTOR_COUNT];

void (*interrupt_undo)(struct trap_frame *frame);
bool (*fault_signal)(struct trap_frame *frame);

extern char trap_stubs[], __trap_stack_end[], __double_fault_stack_end[], __interrupt_stack_end[];
extern uint64_t boot_gdt[];

void trap_gate(unsigned vector, const char *stub, unsigned ist)
{
    vectors[vector] = (struct gate){
        .offset_low = (uint16_t)(uintptr_t)stub,
        .segment = CODE_SEGMENT,
        .ist = (uint8_t)ist,
        .type = GATE_INTERRUPT,
        .offset_middle = (uint16_t)((uintptr_t)stub >> 16),
        .offset_high = (uint32_t)((uintptr_t)stub >> 32),
    };
}

void traps_init(void)
{
    uintptr_t task = (uintptr_t)&task_state;

    task_state.ist[IST_TRAP - 1] = (uintptr_t)__trap_stack_end;
    /* A double fault may mean that the trap stack itself is gone. */
    task_state.ist[IST_DOUBLE_FAULT - 1] = (uintptr_t)__double_fault_stack_end;
    task_state.ist[IST_INTERRUPT - 1] = (uintptr_t)__interrupt_stack_end;
    task_state.io_map = sizeof task_state;
    boot_gdt[TASK_SEGMENT / 8] =
        (sizeof task_state - 1) | (task & 0xffffff) << 16 | (uint64_t)0x89 << 40 | (task >> 24 & 0xff) << 56;
    boot_gdt[TASK_SEGMENT / 8 + 1] = task >> 32;
    __asm__ volatile("ltr %w0" : : "r"(TASK_SEGMENT));

    for (unsigned i = 0; i < TRAP_COUNT; i++)
        trap_gate(i, trap_stubs + (size_t)16 * i, i == TRAP_DOUBLE_FAULT ? IST_DOUBLE_FAULT : IST_TRAP);
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } pointer = {sizeof vectors - 1, (uintptr_t)vectors};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

void trap_handle(struct trap_frame *frame)
{
    /* A page of the stack that is touched for the first time. */
    if (frame->vector == TRAP_PAGE_FAULT && !(frame->error & FAULT_PRESENT) && vm_stack_grow(read_cr2()))
        return;
    if (interrupt_undo)
        interrupt_undo(frame);
    if (fault_signal && fault_signal(frame))
        return;
    panic_exception(frame);
}
