/* SPDX-License-Identifier: MIT */
/*
 * hello64.S: a guest in long mode that says hello, one byte an exit, and halts.
 */
    .code64
    mov $0x3f8, %edx                    /* the console's port */
    lea text(%rip), %rsi
    cld
1:  lodsb
    test %al, %al
    jz 2f
    out %al, %dx
    jmp 1b
2:  hlt

text:
    .asciz "hello from 64 bits\n"
