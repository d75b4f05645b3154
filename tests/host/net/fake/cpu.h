/* SPDX-License-Identifier: MIT */
/* In place of libos/include/cpu.h: no interrupts here. */
#ifndef FAKE_CPU_H
#define FAKE_CPU_H

#include <stdbool.h>

static inline bool interrupts_disable(void)
{
    return false;
}

static inline void interrupts_enable(void)
{
}

#endif
