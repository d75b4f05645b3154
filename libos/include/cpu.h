/* SPDX-License-Identifier: MIT */
/*
 * cpu.h: the x86-64 instructions that C has no words for.
 *
 * Each is one instruction, safe at any time unless it says otherwise. Those that
 * only privilege level 0 may execute are in privileged.h: that of arch/x86_64/, or,
 * where Xen has that level, that of arch/x86_64/xen/.
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, vol. 2.
 */
#ifndef LIBOS_CPU_H
#define LIBOS_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include <privileged.h>

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

static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    __asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(subleaf));
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
