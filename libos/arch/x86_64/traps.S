/* SPDX-License-Identifier: MIT */
/*
 * traps.S: the first instructions of every exception.
 *
 * The processor has switched to an exception stack (IST), so nothing is written
 * to the interrupted one: its red zone is safe, and it may be exhausted.
 */

/* One 16-byte stub a vector: push an error code where the processor pushes none (traps.h names the table), then the
 * vector. */
    .section .text.trap_stubs, "ax"
    .balign 16
    .globl trap_stubs
trap_stubs:
    .set vector, 0
    .rept 22
    .balign 16
    .if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21)
    .else
    push $0
    .endif
    push $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

/* The rest of struct trap_frame, last member first. */
trap_common:
    push %rax
    push %rbx
    push %rcx
    push %rdx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    mov %rsp, %rdi
    call trap_handle
    .globl trap_return
trap_return:
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rdx
    pop %rcx
    pop %rbx
    pop %rax
    add $16, %rsp                       /* vector and error code */
    iretq
