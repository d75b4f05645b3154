/* SPDX-License-Identifier: MIT */
/*
 * boot.S: from where Xen starts a domain to start().
 *
 * Xen has made page tables and is at privilege level 0; we are at level 3, in what
 * Xen calls the domain's kernel mode. Only that may make hypercalls. But everything
 * else runs in user mode, for the sake of stacks: an exception or an event is put on
 * the stack that we name (XEN_STACK_SWITCH) if it comes in user mode, as a processor
 * does it with an IST. In kernel mode, Xen puts it where the stack pointer happens to
 * be: into a red zone in use, or below a stack that has ended.
 *
 * Sources: Xen, xen/include/public/elfnote.h and arch-x86/xen-x86_64.h.
 */
#include "stacks.h"
#include "xen.h"

/* What Xen's domain builder asks of an image. */
.macro NOTE type, size
    .balign 4
    .long 4, \size, \type
    .asciz "Xen"
.endm
    .section .note.xen, "a", @note
    NOTE 5, 8                           /* XEN_ELFNOTE_XEN_VERSION */
    .asciz "xen-3.0"
    NOTE 6, 8                           /* XEN_ELFNOTE_GUEST_OS */
    .asciz "unilab\0"
    NOTE 8, 8                           /* XEN_ELFNOTE_LOADER */
    .asciz "generic"
    NOTE 1, 8                           /* XEN_ELFNOTE_ENTRY */
    .quad xen_start
    /* What is linked at IMAGE_START is the first page of the domain, and nothing is mapped below it. */
    NOTE 3, 8                           /* XEN_ELFNOTE_VIRT_BASE */
    .quad IMAGE_START
    NOTE 4, 8                           /* XEN_ELFNOTE_PADDR_OFFSET */
    .quad IMAGE_START

    .section .text.image_entry, "ax"
    .globl xen_start
xen_start:
    mov $__boot_stack_end, %esp
    xor %ebp, %ebp                      /* a backtrace ends here */
    mov %rsi, %rdi                      /* struct xen_start_info */
    call domain_init
    mov %rax, %rdi                      /* struct pvh_start_info: start()'s argument */

    /* To user mode, with events masked. */
    push $XEN_STACK_SEGMENT
    push $__boot_stack_end
    push $2                             /* rflags: only the bit that is always set */
    push $XEN_CODE_SEGMENT
    push $1f
    push $0
    push $0                             /* rcx, r11, rax */
    push $0
    push $0
    mov $XEN_IRET, %eax
    syscall
1:  call start

    .section .pages, "aw", @nobits      /* image.ld aligns it to a page */
    GUARDED boot_stack, 4 * PAGE_SIZE
    GUARDED trap_stack, 2 * PAGE_SIZE
