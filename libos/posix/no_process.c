/* SPDX-License-Identifier: MIT */
/*
 * no_process.c: why there is no second process.
 *
 * Once in all, and not once for each call: programs try fork() again, and try one
 * call after the other.
 */
#include <errno.h>
#include <stdbool.h>

#include "console.h"
#include "services.h"

long libos_no_process(const char *name)
{
    static bool told;

    if (!told) {
        told = true;
        console_puts("libos: ");
        console_puts(name);
        console_puts(
            "() fails with ENOSYS, as does every call for a second process. A process is an address space of "
            "its own, and a unikernel has one address space, which its program shares with the library OS. "
            "To do two things at once, start a thread (pthread_create); to run another program, boot "
            "another machine.\n");
    }
    return -ENOSYS;
}
