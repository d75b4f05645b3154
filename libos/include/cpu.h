/* SPDX-License-Identifier: MIT */
/*
 * cpu.h: the x86-64 instructions that C has no words for.
 *
 * Each is one instruction, safe at any time unless it says otherwise.
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, vol. 2.
 */
#ifndef LIBOS_CPU_H
#define LIBOS_CPU_H

#include <stdbool.h>
#include <stdint.h>

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint32_t inl(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Cycles since reset. Not serialising: out-of-order work may move across it. */
static inline uint64_t rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | (uint64_t)high << 32;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

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

static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    __asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(subleaf));
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

#define MSR_FS_BASE 0xc0000100
#define MSR_APIC_BASE 0x1b

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return low | (uint64_t)high << 32;
}

static inline void cpu_relax(void)
{
    __asm__ volatile("pause");
}

/* How the x87 and SSE compute now (rounding, which exceptions trap, which have been), as context.S keeps it: MXCSR, and
 * above it the x87's control and status words. */
static inline uint64_t floating_point_state(void)
{
    struct {
        uint32_t mxcsr;
        uint16_t control, status;
    } words;
    __asm__ volatile("stmxcsr %0; fnstcw %1; fnstsw %2"
                     : "=m"(words.mxcsr), "=m"(words.control), "=m"(words.status));
    return words.mxcsr | (uint64_t)words.control << 32 | (uint64_t)words.status << 48;
}

/* Stops this processor for good. */
static inline _Noreturn void cpu_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Fills a page with zeros, eight words at a time: an emulator takes `rep stosq` a word at a time, each as long as one
 * of these rounds. */
static inline void zero_page(void *page)
{
    for (uint64_t *words = page, *end = words + 4096 / 8; words < end; words += 8)
        __asm__ volatile("mov %1, (%0); mov %1, 8(%0); mov %1, 16(%0); mov %1, 24(%0);"
                         "mov %1, 32(%0); mov %1, 40(%0); mov %1, 48(%0); mov %1, 56(%0)"
                         :
                         : "r"(words), "r"(0ul)
                         : "memory");
}

#endif
