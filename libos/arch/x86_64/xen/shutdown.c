/* SPDX-License-Identifier: MIT */
/*
 * shutdown.c: leaving the machine by a hypercall.
 *
 * Source: Xen, xen/include/public/sched.h.
 */
#include "console.h"
#include "cpu.h"
#include "machine.h"

volatile unsigned libos_exit_status;

_Noreturn void machine_exit(unsigned how)
{
    /* When the first domain asks to be switched off, Xen halts the processor, and the machine stays on. A reset is an
     * end that QEMU sees. */
    const uint32_t reason = XEN_SHUTDOWN_REBOOT;

    console_drain();
    libos_exit_status = EXIT_REPORTED | how;
    hypercall_command(XEN_SCHED, XEN_SCHED_SHUTDOWN, &reason);
    console_puts("libos: the program has ended, and Xen does not end this domain\n");
    cpu_halt();
}
