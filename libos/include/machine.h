/* SPDX-License-Identifier: MIT */
/*
 * machine.h: leaving the machine, and leaving it in anger.
 */
#ifndef LIBOS_MACHINE_H
#define LIBOS_MACHINE_H

#include "traps.h"

/* How a machine ended, as bits above the program's exit status. A program can print what a panic prints, and exit
 * with 255, and still has not panicked. */
enum {
    EXIT_REPORTED = 0x100, /* it has ended: without this bit, the rest means nothing */
    EXIT_PANICKED = 0x200, /* the library OS stopped itself; the status is 255 */
    EXIT_SIGNALLED = 0x400 /* a signal ended the program; the status is 128 and the signal's number */
};

/* For the host to read from the guest's memory after the machine has stopped. QEMU's own exit code cannot say it: it is
 * also 1 when QEMU fails to start. */
extern volatile unsigned libos_exit_status;

/* Ends the machine. Waits until the console is empty first. `how` is the program's status, 0 to 255, with
 * EXIT_PANICKED or EXIT_SIGNALLED where that applies. */
_Noreturn void machine_exit(unsigned how);

/* Ends the program, and with it the machine: `how` is as above. Does before_end() first, and may wait. */
_Noreturn void program_end(unsigned how);

/* What is left to do when a program ends, such as writing out what it has written to files. With preemption disabled.
 * Null until there is something; not called in a panic. Whoever sets it, once, calls what was there before. */
extern void (*before_end)(void);

/* Reports an inconsistency of the library OS itself, with a backtrace, and ends the machine. */
_Noreturn void panic(const char *reason);

/* Reports a processor exception nobody handled: what it was, the registers, a backtrace; ends the machine. */
_Noreturn void panic_exception(const struct trap_frame *frame);

/* Prints where an instruction is and who has called it, from its rbp outwards. `caller` is 0, except for a function
 * that has no frame yet. What cannot be read ends it. */
void print_backtrace(uint64_t rip, uint64_t caller, uint64_t rbp);

/* How a panic reports the other threads. Null without a scheduler. */
extern void (*report_threads)(void);

#endif
