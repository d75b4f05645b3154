/* SPDX-License-Identifier: MIT */
/*
 * pvh.h: what a PVH loader (QEMU -kernel, Xen) hands to the entry point.
 *
 * Source: Xen, xen/include/public/arch-x86/hvm/start_info.h, "start of day structure passed to PVH guests".
 * All addresses are physical. The structures lie in memory below 1 MiB, which
 * paging_init() unmaps: read them before.
 */
#ifndef LIBOS_PVH_H
#define LIBOS_PVH_H

#include <stdint.h>

enum { PVH_MAGIC = 0x336ec578, PVH_MEMORY_RAM = 1 };

struct pvh_start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp;
    /* From version 1 on. */
    uint64_t memory_map;
    uint32_t memory_map_entries, reserved;
};

struct pvh_module {
    uint64_t address, size, command_line, reserved;
};

struct pvh_memory {
    uint64_t address, size;
    uint32_t type, reserved;
};

/* Where the loader put it. RAM of the first MiB is never given out, so it stays there, but nothing maps it. */
extern uint64_t pvh_address;

#endif
