/* SPDX-License-Identifier: MIT */
/*
 * boot.S: from the PVH entry point, 32-bit and unpaged, to start() in long mode.
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
    mov %ebx, %edi                      /* struct pvh_start_info: start()'s argument */

    /* Part 1: map the first GiB one to one in large pages, and the tables into themselves. */
    movl $boot_pdpt + PTE_PRESENT_WRITABLE, boot_pml4
    movl $boot_pml4 + PTE_PRESENT_WRITABLE, boot_pml4 + 8 * SELF_MAP_SLOT
    movl $PTE_NO_EXECUTE_HIGH, boot_pml4 + 8 * SELF_MAP_SLOT + 4
    movl $boot_pd + PTE_PRESENT_WRITABLE, boot_pdpt
    xor %ecx, %ecx
1:  mov %ecx, %eax
    shl $LARGE_PAGE_SHIFT, %eax
    or $PDE_LARGE_PAGE, %eax
    mov %eax, boot_pd(, %ecx, 8)
    inc %ecx
    cmp $TABLE_ENTRIES, %ecx
    jb 1b
tables_made:

    /* Part 2: CR4, CR3, EFER. */
    mov $CR4_PAE_OSFXSR_OSXMMEXCPT, %eax
    mov cr4, eax
    mov $boot_pml4, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $EFER_LME_NXE, %eax
    wrmsr
paging_prepared:

    /* Part 3: CR0. */
    mov %cr0, %eax
    and $~CR0_EM, %eax
    or $(CR0_PG | CR0_WP | CR0_PE_MP), %eax
    mov %eax, %cr0
paging_on:
    fninit                              /* a reset leaves the x87 with less precision than the ABI asks for */

    /* Part 4: the table of segments, and the jump. */
    lgdt boot_gdt_pointer
    ljmp $8, $long_mode_on

    .code64
long_mode_on:
    /* Part 5: data segments, the stack, and start(). */
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $__boot_stack_end, %esp
    mov %edi, %edi                      /* the upper half is undefined after 32-bit mode */
    xor %ebp, %ebp                      /* a backtrace ends here */
    call start

/* Segments: null, code, data, and two slots for the task state that traps_init() fills. */
    .section .data.boot_gdt, "aw"
    .balign 8
    .globl boot_gdt
boot_gdt:
    .quad 0, 0x00209a0000000000, 0x0000920000000000, 0, 0
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
