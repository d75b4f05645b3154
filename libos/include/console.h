/* SPDX-License-Identifier: MIT */
/*
 * console.h: the machine's serial console, bytes in and bytes out.
 */
#ifndef LIBOS_CONSOLE_H
#define LIBOS_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes `len` bytes. Spins until the device accepts each; reports no errors; safe from the first instruction of
 * C on, and inside an exception. */
void console_write(const char *buf, size_t len);

/* Writes a string, and an integer in one base or the other. For the library OS's own notices. */
void console_puts(const char *s);
void console_hex(uint64_t value); /* 0x and sixteen digits */
void console_dec(uint64_t value);

/* True if a typed byte waits. */
bool console_has_input(void);

/* Has the device interrupt, on ISA line 4, whenever a byte is typed. */
void console_interrupts_enable(void);

/* Takes one typed byte; spins until there is one. */
char console_getc(void);

/* Spins until the last byte has left the device. */
void console_drain(void);

#endif
