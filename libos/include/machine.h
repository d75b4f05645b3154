/* SPDX-License-Identifier: MIT */
/*
 * machine.h: leaving the machine, and leaving it in anger.
 */
#ifndef LIBOS_MACHINE_H
#define LIBOS_MACHINE_H

#include "traps.h"

enum {
    /* What the debug-exit port carries when the status does not fit in it; the host then reads libos_exit_status. */
    EXIT_STATUS_IN_MEMORY = 127,
    /* The status of a panic. */
    EXIT_PANIC = 255,
};

/* The program's exit status, for the host to read from the guest's memory after the machine has stopped. */
extern volatile int libos_exit_status;

/* Ends the machine with a status for the host. Waits until the console is empty first. */
_Noreturn void machine_exit(int status);

/* Reports an inconsistency of the library OS itself, with a backtrace, and ends the machine. */
_Noreturn void panic(const char *reason);

/* Reports a processor exception nobody handled: what it was, the registers, a backtrace; ends the machine. */
_Noreturn void panic_exception(const struct trap_frame *frame);

#endif
