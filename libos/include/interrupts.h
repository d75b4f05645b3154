/* SPDX-License-Identifier: MIT */
/*
 * interrupts.h: what devices interrupt with, and the local APIC that delivers it.
 *
 * With preemption disabled, unless it says otherwise.
 */
#ifndef LIBOS_INTERRUPTS_H
#define LIBOS_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>

enum { VECTOR_FIRST = 32, VECTOR_TIMER = 32, VECTOR_DEVICE = 33 };

/* Called with interrupts off, on the interrupt stack. May only ask for work (thread.h). */
typedef void interrupt_handler(void *context);

/* Switches the local APIC on, the old interrupt controllers off, and lets interrupts come. */
void interrupts_init(void);

/* Takes a vector for a device and registers its handler. The vector, or -ENOSPC. */
int interrupt_vector(interrupt_handler *handler, void *context);

/* Sends a line of the I/O APIC to a vector. */
void ioapic_route(unsigned line, int vector);

/* Where a message-signalled interrupt has to be written, and what, to arrive as a vector. */
enum { MSI_ADDRESS = 0xfee00000 };
static inline uint32_t msi_data(int vector)
{
    return (uint32_t)vector;
}

/* Has the timer interrupt once, at `deadline` in monotonic nanoseconds or soon after. Replaces what was set before. */
void timer_interrupt_set(uint64_t deadline);

/* The timer's handler. core/deferred.c */
void interrupt_timer(void *context);

/* Called by interrupts.S. The first calls the handler, and says whether another thread should run. If so, the second
 * lets it, on the interrupted thread's stack; interrupts are off when it returns. */
bool interrupt_handle(unsigned vector);
void interrupt_preempt(void);

#endif
