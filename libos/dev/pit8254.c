/* SPDX-License-Identifier: MIT */
/*
 * pit8254.c: the programmable interval timer's channel 0, read by latching.
 *
 * Channel 0 because microvm has no port 0x61, which gates channel 2.
 * Registers: Intel 8254 data sheet.
 */
#include "clock.h"
#include "cpu.h"

enum { PIT_CHANNEL0 = 0x40, PIT_MODE = 0x43 };
enum { LATCH_CHANNEL0 = 0x00, CHANNEL0_BOTH_BYTES_RATE = 0x34 };

void pit_start(void)
{
    outb(PIT_MODE, CHANNEL0_BOTH_BYTES_RATE);
    /* A divisor of 0 stands for 65536: the full range of 54.9 ms. */
    outb(PIT_CHANNEL0, 0);
    outb(PIT_CHANNEL0, 0);
}

uint16_t pit_read(void)
{
    outb(PIT_MODE, LATCH_CHANNEL0);
    uint8_t low = inb(PIT_CHANNEL0);
    return (uint16_t)(low | inb(PIT_CHANNEL0) << 8);
}
