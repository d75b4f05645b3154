/* SPDX-License-Identifier: MIT */
/*
 * handlers.S: entering a program's signal handlers.
 */
#define FXSAVE_SIZE 512
#define FAULT_RIP (FXSAVE_SIZE + 17 * 8) /* in struct fault */

/* void call_on_stack(uintptr_t stack, void (*fn)(void)) */
    .section .text.call_on_stack, "ax"
    .globl call_on_stack
call_on_stack:
    push %rbp
    mov %rsp, %rbp
    mov %rdi, %rsp
    and $-16, %rsp
    call *%rsi
    leave
    ret

/* Where an exception returns to that a handler is to be called for. rsp is a struct fault (posix/faults.c): room for the
 * floating-point state, then the exception's frame, from which the program goes on when the handler has returned. */
    .section .text.fault_enter, "ax"
    .globl fault_enter
fault_enter:
    fxsave (%rsp)
    fninit
    mov %rsp, %rdi
    push FAULT_RIP(%rsp)                /* as if the instruction had called us: for backtraces */
    push %rbp
    mov %rsp, %rbp
    call fault_deliver
    add $16, %rsp
    fxrstor (%rsp)
    add $FXSAVE_SIZE, %rsp
    jmp trap_return
