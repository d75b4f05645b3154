/* SPDX-License-Identifier: MIT */
/*
 * machine.h: leaving the machine, and leaving it in anger.
 */
#ifndef LIBOS_MACHINE_H
#define LIBOS_MACHINE_H

#include "traps.h"

enum {
    /* The status of a panic. */
    EXIT_PANIC = 255,
    /* Added to the status in libos_exit_status, so that 0 means: not ended yet. */
    EXIT_REPORTED = 0x100,
};

/* The program's exit status plus EXIT_REPORTED, for the host to read from the guest's memory after the machine has
 * stopped. QEMU's own exit code cannot say it: it is also 1 when QEMU fails to start. */
extern volatile unsigned libos_exit_status;

/* Ends the machine with a status for the host, 0 to 255. Waits until the console is empty first. */
_Noreturn void machine_exit(int status);

/* Reports an inconsistency of the library OS itself, with a backtrace, and ends the machine. */
_Noreturn void panic(const char *reason);

/* Reports a processor exception nobody handled: what it was, the registers, a backtrace; ends the machine. */
_Noreturn void panic_exception(const struct trap_frame *frame);

#endif
