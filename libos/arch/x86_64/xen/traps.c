/* SPDX-License-Identifier: MIT */
/*
 * traps.c: which exceptions Xen passes on, and what to do with one.
 *
 * Source: Xen, xen/include/public/arch-x86/xen.h, set_trap_table.
 */
#include "traps.h"

#include "cpu.h"
#include "machine.h"
#include "vm.h"

bool (*fault_signal)(struct trap_frame *frame);

extern char trap_stubs[];

void traps_init(void)
{
    /* A null address ends the table. */
    struct xen_trap table[TRAP_COUNT + 1] = {0};

    for (unsigned i = 0; i < TRAP_COUNT; i++)
        table[i] = (struct xen_trap){
            .vector = (uint8_t)i,
            .flags = XEN_TRAP_MASKS_EVENTS | (i == TRAP_BREAKPOINT ? XEN_FROM_USER_MODE : 0),
            .segment = XEN_CODE_SEGMENT,
            .address = (uintptr_t)trap_stubs + 16 * i,
        };
    if (hypercall(XEN_SET_TRAP_TABLE, (long)table, 0, 0, 0))
        panic("Xen refuses the trap table");
}

bool in_kernel_mode = true;

static void handle(struct trap_frame *frame)
{
    frame->cs &= 0xffff; /* above it, Xen says whether events were masked, which rflags says too */
    if (frame->vector == TRAP_EVENT) {
        events_take(frame);
        return;
    }
    /* A page of the stack that is touched for the first time. */
    if (frame->vector == TRAP_PAGE_FAULT && !(frame->error & FAULT_PRESENT) && vm_stack_grow(read_cr2()))
        return;
    if (frame->cs & XEN_FROM_USER_MODE && fault_signal && fault_signal(frame))
        return;
    panic_exception(frame);
}

void trap_handle(struct trap_frame *frame)
{
    bool before = in_kernel_mode;

    in_kernel_mode = true;
    handle(frame);
    in_kernel_mode = before;
}
