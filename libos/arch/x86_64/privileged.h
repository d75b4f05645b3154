/* SPDX-License-Identifier: MIT */
/*
 * privileged.h: what only privilege level 0 may do, where the library OS has it:
 * each is one instruction. xen/privileged.h has the same for a domain of Xen.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, vol. 2.
 */
#ifndef LIBOS_PRIVILEGED_H
#define LIBOS_PRIVILEGED_H

#include <stdbool.h>
#include <stdint.h>

#define MSR_FS_BASE 0xc0000100

static inline void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

/* Thread-local storage is found through the base of the FS segment. */
static inline void set_fs_base(uintptr_t base)
{
    wrmsr(MSR_FS_BASE, base);
}

/* The address whose translation has failed last. */
static inline uint64_t read_cr2(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline uint64_t read_cr3(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

/* Also empties the TLB of every page that is not global. */
static inline void write_cr3(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

/* Drops what the TLB remembers of one page: needed after a present entry changes. */
static inline void invlpg(uintptr_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* Forbids interrupts; whether they were allowed before. */
static inline bool interrupts_disable(void)
{
    uint64_t flags;
    __asm__ volatile("pushf; pop %0; cli" : "=r"(flags) : : "memory");
    return flags & 0x200;
}

static inline void interrupts_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

/* Allows interrupts and waits for one, without a gap between the two in which one could be missed. */
static inline void interrupts_wait(void)
{
    __asm__ volatile("sti; hlt" : : : "memory");
}

/* Stops this processor for good. */
static inline _Noreturn void cpu_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Around many operations of this kind, or of page tables: for where each of them costs more. Nothing in between may
 * wait. What the first returned is for the second. */
static inline bool privileged_begin(void)
{
    return false;
}

static inline void privileged_end(bool begun)
{
    (void)begun;
}

/* The physical address of what the loader has left, while memory is mapped one to one. */
static inline uint64_t loader_physical(const void *left)
{
    return (uintptr_t)left;
}

#endif
