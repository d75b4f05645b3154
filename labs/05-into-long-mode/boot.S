/* SPDX-License-Identifier: MIT */
/*
 * boot.S: from the PVH entry point, 32-bit and unpaged, to start() in long mode.
 *
 * Yours to finish: five parts, in the order in which the processor wants them. What is here stays; the labels are
 * where the check stops to look.
 *
 * Sources: Xen, docs/misc/pvh.pandoc (state at entry); Intel SDM vol. 3A,
 * section "IA-32e Mode Initialization" (the order in which long mode is entered).
 */
#include "memory_map.h"
#include "stacks.h"

#define PTE_PRESENT_WRITABLE 0x3
#define PTE_NO_EXECUTE_HIGH 0x80000000  /* in the upper half of an entry */
#define PDE_LARGE_PAGE 0x83
#define LARGE_PAGE_SHIFT 21
#define TABLE_ENTRIES 512

#define CR0_PE_MP 0x00000003
#define CR0_EM 0x00000004
#define CR0_WP 0x00010000
#define CR0_PG 0x80000000
#define CR4_PAE_OSFXSR_OSXMMEXCPT 0x620
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900

/* What makes a loader enter here: ELF note XEN_ELFNOTE_PHYS32_ENTRY (18) of owner "Xen". */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long pvh_start

    .section .text.image_entry, "ax"
    .code32
    .globl pvh_start, tables_made, paging_prepared, paging_on, long_mode_on
pvh_start:
    mov %ebx, %edi                      /* struct pvh_start_info: start()'s argument. Leave %edi alone */

    /* Part 1: the page tables, which are all zeros now.
     *   boot_pml4: entry 0 leads to boot_pdpt; entry SELF_MAP_SLOT to boot_pml4 itself, not executable.
     *   boot_pdpt: entry 0 leads to boot_pd.
     *   boot_pd:   each of its 512 entries maps 2 MiB, one to one: the first GiB.
     * All present and writable, none for user mode. An entry is 8 bytes; a store here is of 4. */

tables_made:

    /* Part 2: what must be so before paging is on. CR4: PAE, and SSE for the compiler's code.
     * CR3: where the top table is. EFER, a model-specific register: long mode, and no-execute pages. */

paging_prepared:

    /* Part 3: CR0. Paging on; write protection that binds the kernel, too; PE and MP set, EM clear. */

paging_on:
    fninit                              /* a reset leaves the x87 with less precision than the ABI asks for */

    /* Part 4: load boot_gdt, below, which lacks its descriptors; and jump to long_mode_on in the code segment. */

    .code64
long_mode_on:
    /* Part 5: the data segment into %ds, %es and %ss; the stack, which grows down (boot_stack, below: GUARDED, in
     * stacks.h, names its ends); the upper half of %rdi to zero; %ebp to zero, so that a backtrace ends here. Then call
     * start. */

/* Segments: null, code (64-bit, execute and read), data (writable), and two slots for the task state that
 * traps_init() fills. Part 4: write the second and the third. */
    .section .data.boot_gdt, "aw"
    .balign 8
    .globl boot_gdt
boot_gdt:
    .quad 0, 0, 0, 0, 0
boot_gdt_pointer:
    .word . - boot_gdt - 1
    .long boot_gdt

    .section .pages, "aw", @nobits      /* image.ld aligns it to a page */
    .globl __boot_tables_start, __boot_tables_end, boot_pml4, boot_pd
__boot_tables_start:
boot_pml4:
    .skip PAGE_SIZE
boot_pdpt:
    .skip PAGE_SIZE
boot_pd:
    .skip PAGE_SIZE
__boot_tables_end:
    GUARDED boot_stack, 4 * PAGE_SIZE
    GUARDED trap_stack, 2 * PAGE_SIZE
    GUARDED double_fault_stack, PAGE_SIZE
    GUARDED interrupt_stack, PAGE_SIZE
