/* SPDX-License-Identifier: MIT */
/*
 * traps.S: where Xen enters the domain's kernel mode: exceptions, events, and
 * hypercalls that are made in user mode.
 *
 * Xen has switched to the trap stack, and left there rcx, r11, an error code where
 * the processor has one, and what the processor leaves: rip, cs, rflags, rsp, ss.
 *
 * Source: Xen, xen/arch/x86/x86_64/entry.S, create_bounce_frame.
 */
#include "traps.h"
#include "xen.h"

#define FXSAVE_SIZE 512
#define INTERRUPTED_RIP (FXSAVE_SIZE + 17 * 8) /* in struct preempted */
#define SYSCALL_RIP (2 * 8)
#define SYSCALL_RSP (5 * 8)

/* One 16-byte stub a vector: after it, the stack is as a processor leaves it, with the error code and the vector. */
    .section .text.trap_stubs, "ax"
    .balign 16
    .globl trap_stubs
trap_stubs:
    .set vector, 0
    .rept 22
    .balign 16
    pop %rcx
    pop %r11
    .if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21)
    .else
    push $0
    .endif
    push $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

    .globl event_stub
event_stub:
    pop %rcx
    pop %r11
    push $0
    push $TRAP_EVENT

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
/* In kernel mode or in user mode: the frame is where rsp points. */
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
    push $0
    push %rcx
    push %r11
    push %rax
    mov $XEN_IRET, %eax                 /* all registers, and whether events are masked, in one step */
    syscall

/* A hypercall from user mode: its registers are as they were, and events are masked. */
    .globl syscall_stub
syscall_stub:
    cmp $XEN_IRET, %eax
    je 1f
    cmp $STAY_IN_KERNEL_MODE, %eax
    je 2f
    syscall
    add $16, %rsp                       /* rcx and r11, which a SYSCALL may change */
    push $XEN_IN_SYSCALL
    push $0
    push $0
    push %rax
    mov $XEN_IRET, %eax
    syscall
1:  mov SYSCALL_RSP(%rsp), %rsp         /* what to return to is on the caller's own stack */
    syscall
2:  mov SYSCALL_RIP(%rsp), %rcx
    mov SYSCALL_RSP(%rsp), %rsp
    jmp *%rcx

/* void kernel_mode_enter(void): returns in kernel mode, on the same stack, with events masked. */
    .section .text.kernel_mode_enter, "ax"
    .globl kernel_mode_enter
kernel_mode_enter:
    mov $STAY_IN_KERNEL_MODE, %eax
    syscall
    ret

/* void kernel_mode_leave(void): returns in user mode, on the same stack, with events masked. */
    .section .text.kernel_mode_leave, "ax"
    .globl kernel_mode_leave
kernel_mode_leave:
    pop %rcx
    mov %rsp, %rdx
    push $XEN_STACK_SEGMENT
    push %rdx
    push $2                             /* rflags: only the bit that is always set */
    push $XEN_CODE_SEGMENT
    push %rcx
    push $0
    push $0                             /* rcx, r11, rax */
    push $0
    push $0
    mov $XEN_IRET, %eax
    syscall

/* An iret that the processor refused, because of a segment: rcx, r11, ds, es, fs, gs, then as above. */
    .globl failsafe_stub
failsafe_stub:
    add $(6 * 8), %rsp
    push $0
    push $13
    jmp trap_common

/* Where an event returns to, in user mode, if another thread is to run: rsp is a struct preempted, below the red zone of
 * what was interrupted. Events are masked. */
    .section .text.preempt_enter, "ax"
    .globl preempt_enter
preempt_enter:
    fxsave (%rsp)
    fninit                              /* whoever runs next finds the x87's registers empty, as between functions */
    push INTERRUPTED_RIP(%rsp)          /* as if what was interrupted had called us: for backtraces */
    push %rbp
    mov %rsp, %rbp
    call interrupt_preempt
    pop %rbp
    add $8, %rsp
    fxrstor (%rsp)
    add $FXSAVE_SIZE, %rsp
    jmp trap_return
