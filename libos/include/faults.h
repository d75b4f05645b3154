/* SPDX-License-Identifier: MIT */
/*
 * faults.h: from a processor exception to the program's handler of a signal:
 * between posix/faults.c and arch/x86_64/handlers.S.
 */
#ifndef LIBOS_FAULTS_H
#define LIBOS_FAULTS_H

#include "traps.h"

/* On the stack of the handler, aligned to 16 bytes. handlers.S knows the order of the first two. */
struct fault {
    uint8_t fpu[512]; /* as FXSAVE leaves it */
    struct trap_frame frame;
    uint64_t cr2;
    uintptr_t address; /* si_addr */
    int sig, code;
};

/* Where the exception returns to. */
void fault_enter(void);

/* Calls the handler, with preemption enabled, and takes over what it has changed. Called by handlers.S with interrupts
 * off, and returns so. */
void fault_deliver(struct fault *fault);

#endif
