/* SPDX-License-Identifier: MIT */
/*
 * faults.c: processor exceptions as signals.
 *
 * The exception's frame is copied to the stack on which the handler will run, and
 * the exception returns into fault_enter, there, in place of the instruction. So
 * the handler runs like any other function of the program: it may call the
 * library OS, be preempted, jump out with siglongjmp(). If it returns, the program
 * goes on as the frame has it by then.
 *
 * An exception inside the library OS is none of the program's: its data may be
 * half changed. It ends in the report.
 */
#define _GNU_SOURCE

#include "cpu.h"
#include "faults.h"
#include "memory_map.h"
#include "paging.h"
#include "services.h"
#include "signals.h"
#include "vm.h"

/* A function begins with all flags off (bit 1 is always on). Interrupts stay off until the handler runs: signal.c. */
enum { RED_ZONE = 128, FLAGS_OF_FUNCTIONS = 0x2, FLAG_INTERRUPTS = 0x200 };

struct cause {
    int sig, code;
    bool at_instruction; /* si_addr is where it is, rather than 0 */
};

/* Linux's choice of signal and si_code: signal(7) and sigaction(2), man-pages. */
static struct cause cause_of(const struct trap_frame *frame, uintptr_t address)
{
    switch (frame->vector) {
    case TRAP_DIVIDE:
        return (struct cause){SIGFPE, FPE_INTDIV, true};
    case TRAP_DEBUG:
        return (struct cause){SIGTRAP, TRAP_TRACE, true};
    case TRAP_BREAKPOINT:
        return (struct cause){SIGTRAP, SI_KERNEL, false};
    case TRAP_INVALID_OPCODE:
        return (struct cause){SIGILL, ILL_ILLOPN, true};
    case TRAP_PAGE_FAULT:
        return (struct cause){SIGSEGV, vm_owns(address) ? SEGV_ACCERR : SEGV_MAPERR, false};
    case TRAP_X87:
    case TRAP_SIMD:
        return (struct cause){SIGFPE, FPE_FLTINV, true};
    case TRAP_ALIGNMENT:
        return (struct cause){SIGBUS, BUS_ADRALN, false};
    case TRAP_STACK_SEGMENT:
        return (struct cause){SIGBUS, SI_KERNEL, false};
    default:
        return (struct cause){SIGSEGV, SI_KERNEL, false};
    }
}

/* Makes sure that a handler's stack is there: nothing may fault until the exception has returned. */
static bool stack_is_there(uintptr_t start, uintptr_t end)
{
    for (uintptr_t page = start & -PAGE_SIZE; page < end; page += PAGE_SIZE)
        if (!paging_writable(page) && !vm_stack_grow(page))
            return false;
    return true;
}

bool fault_to_signal(struct trap_frame *frame)
{
    uintptr_t address = read_cr2();
    struct cause cause = cause_of(frame, address);

    if (frame->vector == TRAP_DOUBLE_FAULT || current->preempt_count || !signal_has_handler(cause.sig) ||
        current->blocked & signal_bit(cause.sig))
        return false;
    uintptr_t sp = frame->rsp, stack = signal_stack_for(cause.sig, sp);
    if (stack == sp)
        stack -= RED_ZONE;
    struct fault *fault = (struct fault *)((stack - sizeof *fault) & -(uintptr_t)16);
    if (!stack_is_there((uintptr_t)fault, stack))
        return false;
    fault->frame = *frame;
    fault->sig = cause.sig;
    fault->code = cause.code;
    fault->cr2 = address;
    fault->address = cause.at_instruction ? frame->rip : frame->vector == TRAP_PAGE_FAULT ? address : 0;
    frame->rip = (uintptr_t)fault_enter;
    frame->rsp = (uintptr_t)fault;
    frame->rflags = FLAGS_OF_FUNCTIONS;
    return true;
}

/* Where the registers of a struct trap_frame are in a ucontext_t, in the frame's order. */
static const uint8_t registers[] = {REG_R15, REG_R14, REG_R13, REG_R12, REG_R11, REG_R10, REG_R9, REG_R8,
                                    REG_RDI, REG_RSI, REG_RBP, REG_RDX, REG_RCX, REG_RBX, REG_RAX};

void fault_deliver(struct fault *fault)
{
    struct trap_frame *frame = &fault->frame;
    uint64_t *general = &frame->r15;
    siginfo_t info = {.si_signo = fault->sig, .si_code = fault->code, .si_addr = (void *)fault->address};
    struct short_context room = {0};
    ucontext_t *context = (ucontext_t *)&room;
    greg_t *shown = context->uc_mcontext.gregs;
    bool interrupts = interrupts_used;

    for (size_t i = 0; i < sizeof registers; i++)
        shown[registers[i]] = (greg_t)general[i];
    shown[REG_RIP] = (greg_t)frame->rip;
    shown[REG_RSP] = (greg_t)frame->rsp;
    shown[REG_EFL] = (greg_t)frame->rflags;
    shown[REG_ERR] = (greg_t)frame->error;
    shown[REG_TRAPNO] = (greg_t)frame->vector;
    shown[REG_CR2] = (greg_t)fault->cr2;
    context->uc_mcontext.fpregs = (fpregset_t)fault->fpu;
    signal_call(fault->sig, &info, context);
    for (size_t i = 0; i < sizeof registers; i++)
        general[i] = (uint64_t)shown[registers[i]];
    frame->rip = (uint64_t)shown[REG_RIP];
    frame->rsp = (uint64_t)shown[REG_RSP];
    if (interrupts != interrupts_used)
        frame->rflags |= FLAG_INTERRUPTS; /* the handler has made a scheduler */
    /* What the handler's mask kept out. */
    if (signal_waits(current))
        deliver_signals();
}
