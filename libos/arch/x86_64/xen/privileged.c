/* SPDX-License-Identifier: MIT */
/*
 * privileged.c: staying in kernel mode for a while.
 */
#include "cpu.h"

enum { STACK_NEEDED = 1024 };

/* In kernel mode, the main stack cannot grow by faults: it grows before. */
static void touch_stack(void)
{
    uintptr_t sp = (uintptr_t)__builtin_frame_address(0);

    if (sp >= MAIN_STACK_START && sp < MAIN_STACK_END)
        (void)*(volatile char *)(sp - STACK_NEEDED);
}

static bool enabled_before;

bool privileged_begin(void)
{
    if (in_kernel_mode)
        return false;
    touch_stack();
    enabled_before = interrupts_disable();
    kernel_mode_enter();
    in_kernel_mode = true;
    return true;
}

void privileged_end(bool begun)
{
    if (!begun)
        return;
    in_kernel_mode = false;
    kernel_mode_leave();
    if (enabled_before)
        interrupts_enable();
}
