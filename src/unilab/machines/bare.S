/* SPDX-License-Identifier: MIT */
/*
 * bare.S: the least kernel there is. Enters by PVH, writes one byte with its
 * first instructions, and leaves.
 *
 * Two uses: nothing that boots can be faster, so boot times are measured
 * against it; and with WORK it counts before it leaves, which a working
 * accelerator does in no time and a broken one does not.
 */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18                      /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long entry

    .text
    .code32
    .globl entry
entry:
    mov $0x3f8, %dx                     /* COM1 */
    mov $'.', %al
    out %al, %dx
    mov $WORK, %ecx
1:  dec %ecx
    jnz 1b
    movl $0x100, libos_exit_status      /* "ended with status 0", as libos/include/machine.h has it */
    mov $0xf4, %dx                      /* isa-debug-exit */
    mov $0x55, %al
    out %al, %dx
2:  hlt
    jmp 2b

    .data
    .globl libos_exit_status
libos_exit_status:
    .long 0
