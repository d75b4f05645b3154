/* SPDX-License-Identifier: MIT */
/*
 * unimplemented.c: what a call that the library OS lacks comes to.
 */
#include <errno.h>

#include "console.h"
#include "services.h"

enum { CALL_NUMBERS = 512 };

long libos_unimplemented(long n, const char *name)
{
    static unsigned char told[CALL_NUMBERS / 8];
    unsigned long i = (unsigned long)n;

    if (i < CALL_NUMBERS && told[i / 8] & 1 << i % 8)
        return -ENOSYS;
    if (i < CALL_NUMBERS)
        told[i / 8] |= (unsigned char)(1 << i % 8);
    console_puts("libos: ");
    console_puts(name);
    console_puts(" (call ");
    console_dec(i);
    console_puts(") is not implemented and fails with ENOSYS\n");
    return -ENOSYS;
}
