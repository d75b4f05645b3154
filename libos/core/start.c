/* SPDX-License-Identifier: MIT */
/*
 * start.c: the order of the boot.
 */
#include "start.h"

#include "frames.h"
#include "machine.h"
#include "paging.h"
#include "traps.h"
#include "vm.h"

_Noreturn void start(const struct pvh_start_info *info)
{
    traps_init();
    if (info->magic != PVH_MAGIC || info->version < 1)
        panic("the loader gave no PVH start info of version 1 or later");
    frames_init(info);
    vm_init();
    /* The command line lies in memory that paging_init() unmaps. */
    uintptr_t stack = process_stack(info->command_line ? (const char *)info->command_line : "");
    paging_init();
    enter_program(stack);
}
