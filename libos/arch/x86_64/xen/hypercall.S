/* SPDX-License-Identifier: MIT */
/*
 * hypercall.S: the instruction that leads to Xen.
 *
 * Source: Xen, xen/include/public/arch-x86/xen-x86_64.h: arguments in rdi, rsi, rdx,
 * r10, r8; the number and then the result in rax; rcx and r11 are lost.
 */

/* long hypercall(long number, long a, long b, long c, long d) */
    .section .text.hypercall, "ax"
    .globl hypercall
hypercall:
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    syscall
    ret
