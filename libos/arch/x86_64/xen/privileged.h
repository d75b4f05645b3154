/* SPDX-License-Identifier: MIT */
/*
 * privileged.h: what arch/x86_64/privileged.h does with instructions, where Xen has
 * privilege level 0: words of the page that is shared with Xen, and hypercalls.
 */
#ifndef LIBOS_PRIVILEGED_H
#define LIBOS_PRIVILEGED_H

#include <stdbool.h>
#include <stdint.h>

#include "hypercall.h"

/* Whether the processor has an instruction for that, and Xen lets us use it: domain.c. */
extern bool may_write_fs_base;

static inline void set_fs_base(uintptr_t base)
{
    if (may_write_fs_base)
        __asm__ volatile("wrfsbase %0" : : "r"(base));
    else
        hypercall(XEN_SET_SEGMENT_BASE, XEN_SEGMENT_FS, (long)base, 0, 0);
}

/* The address whose translation has failed last. */
static inline uint64_t read_cr2(void)
{
    return XEN_VCPU->fault_address;
}

/* Where the page tables begin, in the machine's memory: what their own entry says. */
static inline uint64_t read_cr3(void)
{
    return *(const uint64_t *)SELF_MAP_ROOT_ENTRY & 0x000ffffffffff000;
}

/* Xen has done it when it has changed an entry: page_entries.h. */
static inline void invlpg(uintptr_t address)
{
    (void)address;
}

/* Forbids interrupts, which are events here; whether they were allowed before. */
static inline bool interrupts_disable(void)
{
    bool enabled = !XEN_VCPU->upcall_mask;

    XEN_VCPU->upcall_mask = 1;
    __asm__ volatile("" : : : "memory");
    return enabled;
}

static inline void interrupts_enable(void)
{
    __asm__ volatile("" : : : "memory");
    XEN_VCPU->upcall_mask = 0;
    /* Xen looks at the mask when it returns to us: so any hypercall delivers what has come meanwhile. */
    if (XEN_VCPU->upcall_pending)
        hypercall(XEN_VERSION, 0, 0, 0, 0);
}

/* Allows interrupts and waits for one: Xen leaves no gap between the two in which one could be missed. */
static inline void interrupts_wait(void)
{
    hypercall(XEN_SCHED, XEN_SCHED_BLOCK, 0, 0, 0);
    interrupts_enable();
}

/* Stops this processor for good. */
static inline _Noreturn void cpu_halt(void)
{
    for (;;) {
        XEN_VCPU->upcall_mask = 1;
        hypercall(XEN_SCHED, XEN_SCHED_BLOCK, 0, 0, 0);
    }
}

/* Around many hypercalls: between these two they are made in kernel mode, where each takes a third of the steps. Nothing
 * in between may wait, and events are masked. What the first returned is for the second. */
bool privileged_begin(void);
void privileged_end(bool begun);

/* The machine's address of something that is mapped. */
uint64_t machine_address(const void *mapped);

static inline uint64_t loader_physical(const void *left)
{
    return machine_address(left);
}

#endif
