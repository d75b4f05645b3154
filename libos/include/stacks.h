/* SPDX-License-Identifier: MIT */
/*
 * stacks.h: for assembly: the stacks that an image brings along.
 */
#ifndef LIBOS_STACKS_H
#define LIBOS_STACKS_H

#include "memory_map.h"

/* This is assembly. */
/* clang-format off */
/* Each stack has an unmapped page below it, so that running off it faults instead of eating its neighbour. */
.macro GUARDED name, size
    .globl __\name\()_guard_start, __\name\()_guard_end, __\name\()_start, __\name\()_end
__\name\()_guard_start:
    .skip PAGE_SIZE
__\name\()_guard_end:
__\name\()_start:
    .skip \size
__\name\()_end:
.endm

#endif
