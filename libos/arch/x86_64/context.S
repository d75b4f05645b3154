/* SPDX-License-Identifier: MIT */
/*
 * context.S: from one thread's stack to another's.
 *
 * A call of context_switch() saves what a function must preserve (System V AMD64
 * ABI, section 3.2.3): six registers, and the control bits of the x87 and of
 * SSE; and the flags of floating-point exceptions, which C gives each thread. Everything else the compiler has saved around the call.
 */

#define X87_ENVIRONMENT 32 /* 28, rounded up */
#define X87_STATUS 4

/* void context_switch(uint64_t *save_rsp, uint64_t load_rsp) */
    .section .text.context_switch, "ax"
    .globl context_switch
context_switch:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    sub $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    fnstsw 6(%rsp)
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    fnstsw %ax
    cmp %ax, 6(%rsp)
    jne 2f
1:  add $8, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
2:  /* The flags of floating-point exceptions differ, which is rare; they can only be loaded with everything else. */
    sub $X87_ENVIRONMENT, %rsp
    fnstenv (%rsp)
    mov X87_ENVIRONMENT + 6(%rsp), %ax
    mov %ax, X87_STATUS(%rsp)
    fldenv (%rsp)
    add $X87_ENVIRONMENT, %rsp
    jmp 1b

/* Where a new thread begins: rbx is its function, r12 the argument, r13 what to do before. */
    .section .text.context_first, "ax"
    .globl context_first
context_first:
    push %rbp           /* calls want a stack aligned to 16 bytes before them */
    call *%r13
    mov %r12, %rdi
    call *%rbx
    mov %eax, %edi
    jmp libos_sys_exit

/* void enter_program(uintptr_t stack_pointer): musl's _start expects only a stack. */
    .section .text.enter_program, "ax"
    .globl enter_program
enter_program:
    mov %rdi, %rsp
    xor %ebp, %ebp
    xor %edx, %edx                      /* no function to run at exit, System V AMD64 ABI, 3.4.1 */
    jmp _start
