/* SPDX-License-Identifier: MIT */
/*
 * start.c: the order of the boot.
 */
#include "start.h"

#include "cpu.h"
#include "current.h"
#include "files.h"
#include "frames.h"
#include "machine.h"
#include "paging.h"
#include "traps.h"

uint64_t pvh_address;

uint64_t loader_command_line;

_Noreturn void start(const struct pvh_start_info *info)
{
    traps_init();
    main_thread.tid = 1;
    pvh_address = loader_physical(info);
    if (info->magic != PVH_MAGIC || info->version < 1)
        panic("the loader gave no PVH start info of version 1 or later");
    frames_init(info);
    files_init();
    loader_command_line = info->command_line;
    /* The command line lies in memory that paging_init() unmaps. */
    uintptr_t stack = process_stack(info->command_line ? (const char *)info->command_line : "");
    paging_init();
    enter_program(stack);
}
