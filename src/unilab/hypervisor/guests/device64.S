/* SPDX-License-Identifier: MIT */
/*
 * device64.S: a guest in long mode that uses a device in memory: it reads a word at 0xfeb00000, writes it back plus
 * one at the next, and halts.
 */
    .code64
    mov $0xfeb00000, %ebx
    mov (%rbx), %eax
    inc %eax
    mov %eax, 4(%rbx)
    hlt
