/* SPDX-License-Identifier: MIT */
/*
 * domain.c: what Xen's domain builder has left, made into what start() expects.
 *
 * Source: Xen, xen/include/public/xen.h, "Start-of-day memory layout": from the
 * first page of the domain on: the image, the list of the domain's frames, the
 * start info, the page tables, a stack, and free memory up to a multiple of 4 MiB.
 */
#include <sys/mman.h>

#include "cpu.h"
#include "machine.h"
#include "page_tables.h"
#include "paging.h"
#include "pvh.h"

enum { MOST_RUNS = 16, PRIVILEGE_LEVEL = 3 };
enum { CR4_FSGSBASE = 1 << 16, CPUID_7_EBX_FSGSBASE = 1 << 0 };

static struct pvh_memory runs[MOST_RUNS];
static struct pvh_start_info described = {.magic = PVH_MAGIC, .version = 1};

extern char __image_end[], __trap_stack_end[], event_stub[], failsafe_stub[], syscall_stub[];

bool may_write_fs_base;

static void must(long error, const char *what)
{
    if (error < 0)
        panic(what);
}

static void register_callback(uint16_t type, uint16_t flags, const char *stub)
{
    struct xen_callback callback = {type, flags, (uintptr_t)stub};

    must(hypercall_command(XEN_CALLBACK, XEN_CALLBACK_REGISTER, &callback), "Xen refuses a callback");
}

/* The frames that are free, as runs of neighbours in the machine's memory. */
static void describe_memory(const struct xen_start_info *si)
{
    const uint64_t *frames = (const uint64_t *)si->frames;
    struct pvh_memory *run = runs;

    for (uint64_t i = 0; i < si->pages; i++) {
        uintptr_t page = IMAGE_START + i * PAGE_SIZE;
        uint64_t frame = frames[i] * PAGE_SIZE;

        if (page < (uintptr_t)__image_end || page == (uintptr_t)si ||
            (page >= si->page_tables && page < si->page_tables + si->page_table_count * PAGE_SIZE))
            continue;
        if (run->size && run->address + run->size != frame && ++run == runs + MOST_RUNS)
            break;
        if (!run->size)
            *run = (struct pvh_memory){.address = frame, .type = PVH_MEMORY_RAM};
        run->size += PAGE_SIZE;
    }
    described.memory_map = (uintptr_t)runs;
    described.memory_map_entries = (uint32_t)(run - runs) + (run < runs + MOST_RUNS);
}

/* Threads switch often, and a hypercall from user mode is long. Xen carries these instructions out in our place. */
static void allow_fs_base(void)
{
    uint32_t leaf[4];
    uint64_t cr4;

    cpuid(7, 0, leaf);
    if (!(leaf[1] & CPUID_7_EBX_FSGSBASE))
        return;
    __asm__ volatile("mov %%cr4, %0; or %1, %0; mov %0, %%cr4; mov %%cr4, %0" : "=&r"(cr4) : "i"(CR4_FSGSBASE));
    may_write_fs_base = cr4 & CR4_FSGSBASE;
}

const struct pvh_start_info *domain_init(const struct xen_start_info *si)
{
    const uint64_t *frames = (const uint64_t *)si->frames;
    uint64_t root = frames[(si->page_tables - IMAGE_START) / PAGE_SIZE] * PAGE_SIZE;

    /* For the serial port, which only the first domain may use: Xen carries out each access for us. */
    uint32_t level = PRIVILEGE_LEVEL;
    must(hypercall_command(XEN_PHYSDEV, XEN_PHYSDEV_SET_IOPL, &level), "Xen refuses the console");

    struct xen_mmu_update self = {root + 8 * SELF_MAP_SLOT, root | PTE_PRESENT | PTE_USER | PTE_NO_EXECUTE};
    must(hypercall(XEN_MMU_UPDATE, (long)&self, 1, 0, XEN_DOMID_SELF), "Xen refuses the page tables' own entry");
    /* User mode has the same page tables as kernel mode: it is not there to keep anything apart. */
    struct xen_mmuext user = {XEN_MMUEXT_NEW_USER_BASE, root / PAGE_SIZE, 0};
    must(hypercall(XEN_MMUEXT, (long)&user, 1, 0, XEN_DOMID_SELF), "Xen refuses page tables for user mode");
    must(paging_map(SHARED_INFO_PAGE, si->shared, PROT_READ | PROT_WRITE), "no page table for the shared page");

    register_callback(XEN_CALLBACK_EVENT, XEN_CALLBACK_MASKS_EVENTS, event_stub);
    register_callback(XEN_CALLBACK_FAILSAFE, XEN_CALLBACK_MASKS_EVENTS, failsafe_stub);
    register_callback(XEN_CALLBACK_SYSCALL, XEN_CALLBACK_MASKS_EVENTS, syscall_stub);
    must(hypercall(XEN_STACK_SWITCH, XEN_STACK_SEGMENT, (long)__trap_stack_end, 0, 0),
         "Xen refuses the trap stack");

    allow_fs_base();
    describe_memory(si);
    described.command_line = (uintptr_t)si->command_line;
    /* Nothing that may be given away, or become a page table, stays mapped here. */
    for (uintptr_t page = (uintptr_t)__image_end; paging_frame(page); page += PAGE_SIZE)
        if (page == (uintptr_t)si)
            paging_protect(page, PROT_READ);
        else
            paging_unmap(page);
    in_kernel_mode = false; /* from boot.S's next instructions on */
    return &described;
}
