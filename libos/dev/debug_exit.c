/* SPDX-License-Identifier: MIT */
/*
 * debug_exit.c: leaving the machine through QEMU's isa-debug-exit device.
 *
 * QEMU ends with the code (value << 1) | 1, of which a host keeps eight bits: a
 * status above 126 does not fit, and the host reads it from memory instead.
 */
#include "console.h"
#include "cpu.h"
#include "machine.h"

enum { DEBUG_EXIT = 0xf4 };

volatile int libos_exit_status;

_Noreturn void machine_exit(int status)
{
    console_drain();
    libos_exit_status = status;
    outl(DEBUG_EXIT, status >= 0 && status < EXIT_STATUS_IN_MEMORY ? (uint32_t)status : EXIT_STATUS_IN_MEMORY);
    console_puts("libos: the program has ended, and this machine has no way to switch itself off\n");
    cpu_halt();
}
