/* SPDX-License-Identifier: MIT */
/*
 * interrupts.S: the first instructions of every interrupt.
 *
 * The processor has switched to the interrupt stack, and the handler runs there:
 * it only takes note. If that means that another thread should run, what was
 * interrupted has to be kept where it can stay, and that is its own stack, below
 * the red zone, which may be in use (System V AMD64 ABI, section 3.2.2).
 */
#include "traps.h"

#define RED_ZONE 128
#define FXSAVE_SIZE 512
/* On the interrupt stack: nine registers, the vector, and the processor's rip, cs, rflags, rsp, ss. */
#define VECTOR (9 * 8)
#define INTERRUPTED_RIP (10 * 8)
#define INTERRUPTED_RSP (13 * 8)
#define WORDS 15

    .section .text.interrupt_stubs, "ax"
    .balign 16
    .globl interrupt_stubs
interrupt_stubs:
    .set vector, 32
    .rept 16
    .balign 16
    push $vector
    jmp interrupt_common
    .set vector, vector + 1
    .endr

interrupt_common:
    push %rax
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    cld
    mov VECTOR(%rsp), %edi
    sub $8, %rsp                        /* calls want a stack aligned to 16 bytes */
    call interrupt_handle
    add $8, %rsp
    test %al, %al
    jz 1f

    mov INTERRUPTED_RSP(%rsp), %rdi
    sub $(RED_ZONE + WORDS * 8), %rdi
    and $-16, %rdi
    /* The interrupted stack may end here. Better to fault now, while interrupt_undo() can still undo this. */
    .globl interrupt_moves, interrupt_moved
interrupt_moves:
    mov -INTERRUPT_ROOM(%rdi), %rax
    mov %rdi, %rax
    mov %rsp, %rsi
    mov $WORDS, %ecx
    rep movsq
interrupt_moved:
    mov %rax, %rsp
    sub $(FXSAVE_SIZE), %rsp
    fxsave (%rsp)
    /* Whoever runs next finds the x87's registers empty, as the ABI has it between functions. */
    fninit
    /* As if what was interrupted had called: a backtrace of the waiting thread leads on to it. */
    pushq (FXSAVE_SIZE + INTERRUPTED_RIP)(%rsp)
    push %rbp
    mov %rsp, %rbp
    call interrupt_preempt
    pop %rbp
    add $8, %rsp
    fxrstor (%rsp)
    add $(FXSAVE_SIZE), %rsp

1:  pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rax
    add $8, %rsp                        /* the vector */
    iretq
