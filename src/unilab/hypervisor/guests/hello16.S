/* SPDX-License-Identifier: MIT */
/*
 * hello16.S: a guest in real mode that says hello, one byte an exit, and halts.
 */
    .code16
    mov $0x3f8, %dx                     /* the console's port */
    mov $text, %si
    cld
1:  lodsb
    test %al, %al
    jz 2f
    out %al, %dx
    jmp 1b
2:  hlt

text:
    .asciz "hello from 16 bits\n"
