/* SPDX-License-Identifier: MIT */
/*
 * uart16550.c: polled 16550A serial port, the console.
 *
 * Polled on purpose: it works before interrupts exist, and a reader can
 * single-step it. The FIFO stays off: switching it on would drop bytes typed
 * before the boot. Registers: PC16550D data sheet.
 */
#include "console.h"
#include "cpu.h"

enum { COM1 = 0x3f8, RBR = COM1 + 0, THR = COM1 + 0, LSR = COM1 + 5 };
enum { IER = COM1 + 1, MCR = COM1 + 4, IER_DATA_READY = 1 << 0, MCR_OUT2 = 1 << 3 };
enum { LSR_DATA_READY = 1 << 0, LSR_THR_EMPTY = 1 << 5, LSR_TRANSMITTER_EMPTY = 1 << 6 };

void console_write(const char *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        /* A write to a full THR silently loses a byte, so wait first. */
        while (!(inb(LSR) & LSR_THR_EMPTY))
            cpu_relax();
        outb(THR, (uint8_t)buf[i]);
    }
}

void console_drain(void)
{
    while (!(inb(LSR) & LSR_TRANSMITTER_EMPTY))
        cpu_relax();
}

bool console_has_input(void)
{
    return inb(LSR) & LSR_DATA_READY;
}

void console_interrupts_enable(void)
{
    outb(MCR, inb(MCR) | MCR_OUT2); /* on a PC, this connects the interrupt line */
    outb(IER, IER_DATA_READY);
}

char console_getc(void)
{
    while (!console_has_input())
        cpu_relax();
    return (char)inb(RBR);
}

void console_puts(const char *s)
{
    console_write(s, __builtin_strlen(s));
}

void console_hex(uint64_t value)
{
    char text[18] = "0x";

    for (int i = 0; i < 16; i++)
        text[2 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    console_write(text, sizeof text);
}

void console_dec(uint64_t value)
{
    char text[20];
    size_t at = sizeof text;

    do
        text[--at] = (char)('0' + value % 10);
    while (value /= 10);
    console_write(text + at, sizeof text - at);
}
