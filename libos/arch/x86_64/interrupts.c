/* SPDX-License-Identifier: MIT */
/*
 * interrupts.c: the local APIC, its timer, and the I/O APIC.
 *
 * Source: Intel SDM vol. 3A, chapter "Advanced Programmable Interrupt Controller
 * (APIC)"; Intel 82093AA data sheet for the I/O APIC.
 */
#include "interrupts.h"

#include <errno.h>
#include <stddef.h>

#include "clock.h"
#include "cpu.h"
#include "current.h"
#include "paging.h"
#include "traps.h"

enum { LAPIC = 0xfee00000, LAPIC_SIZE = 0x400, IOAPIC = 0xfec00000, IOAPIC_SIZE = 0x20 };
enum {
    LAPIC_END_OF_INTERRUPT = 0xb0,
    LAPIC_SPURIOUS = 0xf0,
    LAPIC_TIMER = 0x320,
    LAPIC_LINT0 = 0x350,
    LAPIC_INITIAL_COUNT = 0x380,
    LAPIC_CURRENT_COUNT = 0x390,
    LAPIC_DIVIDE = 0x3e0
};
enum { SPURIOUS_ENABLE = 0x100, SPURIOUS_VECTOR = 47, ENTRY_MASKED = 1 << 16, DIVIDE_BY_16 = 3 };
enum { PIC1_MASK = 0x21, PIC2_MASK = 0xa1 };
enum { CALIBRATION_NS = 1000000, CALIBRATIONS = 8, DOUBT_NS = CALIBRATION_NS / 64 };

static struct {
    interrupt_handler *handler;
    void *context;
} handlers[VECTOR_COUNT - VECTOR_FIRST];
static int next_vector = VECTOR_DEVICE;
static uint64_t counts_per_second;

extern char interrupt_stubs[], interrupt_moves[], interrupt_moved[];

static volatile uint32_t *lapic(unsigned reg)
{
    return (volatile uint32_t *)(uintptr_t)(LAPIC + reg);
}

/* The timer against the clock. An emulator may pause us between the two, at the beginning or at the end; so of several
 * tries the one counts in which that took least. */
static void calibrate(void)
{
    uint64_t least = UINT64_MAX;

    *lapic(LAPIC_DIVIDE) = DIVIDE_BY_16;
    for (int i = 0; i < CALIBRATIONS && least > DOUBT_NS; i++) {
        uint64_t before = clock_monotonic(), start, now, end;

        *lapic(LAPIC_INITIAL_COUNT) = UINT32_MAX;
        start = clock_monotonic();
        do
            now = clock_monotonic();
        while (now - start < CALIBRATION_NS);
        uint64_t counts = UINT32_MAX - *lapic(LAPIC_CURRENT_COUNT);
        end = clock_monotonic();
        uint64_t doubt = (start - before) + (end - now);
        if (doubt < least) {
            least = doubt;
            counts_per_second = counts * 1000000000 / (now - start + doubt / 2);
        }
    }
    *lapic(LAPIC_INITIAL_COUNT) = 0;
}

/* As interrupts.S leaves it on the interrupt stack. */
struct interrupt_frame {
    uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax, vector, rip, cs, rflags, rsp, ss;
};

/* The program's next push would have faulted in the same way; so the fault becomes the program's. */
static void undo(struct trap_frame *frame)
{
    if (frame->rip < (uintptr_t)interrupt_moves || frame->rip >= (uintptr_t)interrupt_moved)
        return;
    const struct interrupt_frame *before = (const struct interrupt_frame *)frame->rsp;
    frame->r11 = before->r11;
    frame->r10 = before->r10;
    frame->r9 = before->r9;
    frame->r8 = before->r8;
    frame->rdi = before->rdi;
    frame->rsi = before->rsi;
    frame->rdx = before->rdx;
    frame->rcx = before->rcx;
    frame->rax = before->rax;
    frame->rip = before->rip;
    frame->rflags = before->rflags;
    frame->rsp = before->rsp;
    frame->error |= FAULT_WRITE;
}

void interrupts_init(void)
{
    paging_map_device(LAPIC, LAPIC_SIZE);
    for (unsigned i = VECTOR_FIRST; i < VECTOR_COUNT; i++)
        trap_gate(i, interrupt_stubs + (size_t)16 * (i - VECTOR_FIRST), IST_INTERRUPT);
    outb(PIC1_MASK, 0xff);
    outb(PIC2_MASK, 0xff);
    *lapic(LAPIC_LINT0) = ENTRY_MASKED;
    *lapic(LAPIC_TIMER) = ENTRY_MASKED;
    *lapic(LAPIC_SPURIOUS) = SPURIOUS_ENABLE | SPURIOUS_VECTOR;
    calibrate();
    handlers[VECTOR_TIMER - VECTOR_FIRST].handler = interrupt_timer;
    *lapic(LAPIC_TIMER) = VECTOR_TIMER;
    interrupt_undo = undo;
    interrupts_enable();
}

void timer_interrupt_set(uint64_t deadline)
{
    uint64_t now = clock_monotonic(), left = deadline > now ? deadline - now : 0;
    /* A wait that is too long for the counter is made in parts: the timer fires early, and is set again. */
    uint64_t longest = (uint64_t)UINT32_MAX * 1000000000 / counts_per_second;
    uint64_t counts = (left < longest ? left : longest) * counts_per_second / 1000000000;

    *lapic(LAPIC_INITIAL_COUNT) = counts ? (uint32_t)counts : 1;
}

int interrupt_vector(interrupt_handler *handler, void *context)
{
    if (next_vector == SPURIOUS_VECTOR)
        return -ENOSPC;
    handlers[next_vector - VECTOR_FIRST].handler = handler;
    handlers[next_vector - VECTOR_FIRST].context = context;
    return next_vector++;
}

void ioapic_route(unsigned line, int vector)
{
    volatile uint32_t *select = paging_map_device(IOAPIC, IOAPIC_SIZE), *window = select + 4;

    *select = 0x10 + 2 * line + 1;
    *window = 0; /* to the first local APIC */
    *select = 0x10 + 2 * line;
    *window = (uint32_t)vector; /* fixed, edge-triggered, active high */
}

bool interrupt_handle(unsigned vector)
{
    interrupt_handler *handler = handlers[vector - VECTOR_FIRST].handler;

    if (handler) {
        handler(handlers[vector - VECTOR_FIRST].context);
        *lapic(LAPIC_END_OF_INTERRUPT) = 0;
    }
    return resched_wanted && current->preempt_count == 0;
}

void interrupt_preempt(void)
{
    resched();
}
