/* SPDX-License-Identifier: MIT */
/*
 * debug_exit.c: leaving the machine through QEMU's isa-debug-exit device.
 *
 * QEMU ends with the code (value << 1) | 1, of which a host keeps eight bits:
 * the status itself goes through memory.
 */
#include "console.h"
#include "cpu.h"
#include "machine.h"

enum { DEBUG_EXIT = 0xf4 };

volatile unsigned libos_exit_status;

_Noreturn void machine_exit(unsigned how)
{
    console_drain();
    libos_exit_status = EXIT_REPORTED | how;
    outl(DEBUG_EXIT, how & 0xff);
    console_puts("libos: the program has ended, and this machine has no way to switch itself off\n");
    cpu_halt();
}
