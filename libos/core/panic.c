/* SPDX-License-Identifier: MIT */
/*
 * panic.c: the last words of the library OS.
 *
 * The report gives addresses only. The host, which has the unstripped image,
 * adds the names: so names cost the image nothing.
 */
#include <stdbool.h>
#include <stddef.h>

#include "console.h"
#include "cpu.h"
#include "machine.h"
#include "memory_map.h"
#include "paging.h"

void (*report_threads)(void);

enum { MAX_ENTRIES = 32, PANIC_STATUS = 255 };

extern char __boot_stack_guard_start[], __trap_stack_guard_start[];

static const char *exception_name(uint64_t vector)
{
    switch (vector) {
    case 0:
        return "division by zero";
    case 3:
        return "breakpoint";
    case 6:
        return "invalid instruction";
    case TRAP_DOUBLE_FAULT:
        return "double fault";
    case 13:
        return "general protection fault";
    case TRAP_PAGE_FAULT:
        return "page fault";
    case 16:
    case 19:
        return "floating-point exception";
    case 17:
        return "unaligned access";
    default:
        return "processor exception";
    }
}

/* What an address that faulted was meant to catch. */
static const char *page_fault_reason(uintptr_t address, uint64_t error)
{
    if (address < NULL_PAGE_END)
        return "null pointer";
    if (address >= MAIN_STACK_GUARD_START && address < MAIN_STACK_GUARD_END)
        return "stack overflow: the main stack is used up";
    if (address >= MAIN_STACK_START && address < MAIN_STACK_END)
        return "out of memory for the main stack";
    uintptr_t page = address & ~(uintptr_t)(PAGE_SIZE - 1);
    if (page == (uintptr_t)__boot_stack_guard_start || page == (uintptr_t)__trap_stack_guard_start)
        return "stack overflow inside the library OS";
    if (!(error & FAULT_PRESENT))
        return "nothing is mapped there";
    if (error & FAULT_FETCH)
        return "that page is not executable";
    return error & FAULT_WRITE ? "that page is read-only" : "that page may not be read";
}

static bool readable_word(uint64_t address)
{
    return address % 8 == 0 && paging_readable(address);
}

/* The host tells by the numbers which address is an instruction's own, and which are return addresses. */
static void backtrace_entry(unsigned number, uint64_t address)
{
    console_puts("  #");
    console_dec(number);
    console_puts(" ");
    console_hex(address);
    console_puts("\n");
}

void print_backtrace(uint64_t rip, uint64_t caller, uint64_t rbp)
{
    unsigned number = 0;

    console_puts("libos: backtrace, innermost first\n");
    backtrace_entry(number++, rip);
    if (caller)
        backtrace_entry(number++, caller);
    /* A frame is the caller's rbp, then the return address. Never follow a pointer that would fault here. */
    while (number < MAX_ENTRIES && readable_word(rbp) && readable_word(rbp + 8)) {
        const uint64_t *frame = (const uint64_t *)rbp;

        if (!frame[1])
            return;
        backtrace_entry(number++, frame[1]);
        /* Callers lie further up; anything else would be a loop. */
        if (frame[0] <= rbp)
            return;
        rbp = frame[0];
    }
}

/* After a call to nowhere, what would have become its frame is only the return address on top of the stack. */
static uint64_t caller_of_nowhere(const struct trap_frame *frame)
{
    bool called = frame->vector == TRAP_PAGE_FAULT && frame->error & FAULT_FETCH;

    return called && readable_word(frame->rsp) ? *(const uint64_t *)frame->rsp : 0;
}

/* A panic inside a panic says so and stops, rather than reporting forever. */
static void enter(void)
{
    static bool entered;

    if (entered) {
        console_puts("libos: panic while reporting a panic\n");
        machine_exit(EXIT_PANICKED | PANIC_STATUS);
    }
    entered = true;
    console_puts("\nlibos: panic: ");
}

static _Noreturn void leave(void)
{
    if (report_threads)
        report_threads();
    machine_exit(EXIT_PANICKED | PANIC_STATUS);
}

_Noreturn void panic(const char *reason)
{
    enter();
    console_puts(reason);
    console_puts("\n");
    print_backtrace((uint64_t)__builtin_return_address(0), 0, *(uint64_t *)__builtin_frame_address(0));
    leave();
}

/* A register's name, and where struct trap_frame keeps it. */
struct register_name {
    char name[7];
    uint8_t index;
};
#define REGISTER(r) {#r, offsetof(struct trap_frame, r) / sizeof(uint64_t)}

static void print_register(unsigned i, const char *name, uint64_t value)
{
    console_puts(i % 3 ? "  " : i ? "\n  " : "  ");
    console_puts(name);
    for (size_t pad = __builtin_strlen(name); pad < 7; pad++)
        console_puts(" ");
    console_hex(value);
}

static void print_registers(const struct trap_frame *frame, uint64_t cr2)
{
    static const struct register_name registers[] = {
        REGISTER(rip), REGISTER(rsp),    REGISTER(rbp),   REGISTER(rax), REGISTER(rbx), REGISTER(rcx),
        REGISTER(rdx), REGISTER(rsi),    REGISTER(rdi),   REGISTER(r8),  REGISTER(r9),  REGISTER(r10),
        REGISTER(r11), REGISTER(r12),    REGISTER(r13),   REGISTER(r14), REGISTER(r15), REGISTER(cs),
        REGISTER(ss),  REGISTER(rflags), REGISTER(error),
    };
    enum { COUNT = sizeof registers / sizeof *registers };

    for (unsigned i = 0; i < COUNT; i++)
        print_register(i, registers[i].name, ((const uint64_t *)frame)[registers[i].index]);
    print_register(COUNT, "cr2", cr2);
    print_register(COUNT + 1, "cr3", read_cr3());
    console_puts("\n");
}

_Noreturn void panic_exception(const struct trap_frame *frame)
{
    uint64_t cr2 = read_cr2();

    enter();
    console_puts(exception_name(frame->vector));
    if (frame->vector == TRAP_PAGE_FAULT) {
        bool fetch = frame->error & FAULT_FETCH, write = frame->error & FAULT_WRITE;

        console_puts(fetch ? ": executing " : write ? ": writing " : ": reading ");
        console_hex(cr2);
        console_puts(" (");
        console_puts(page_fault_reason(cr2, frame->error));
        console_puts(")");
    }
    console_puts("\n");
    print_registers(frame, cr2);
    print_backtrace(frame->rip, caller_of_nowhere(frame), frame->rbp);
    leave();
}
