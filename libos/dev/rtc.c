/* SPDX-License-Identifier: MIT */
/*
 * rtc.c: the CMOS real-time clock. It counts UTC here (QEMU's default).
 *
 * Registers: Motorola MC146818A data sheet.
 */
#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "cpu.h"

enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71 };
enum { SECONDS = 0, MINUTES = 2, HOURS = 4, DAY = 7, MONTH = 8, YEAR = 9, CENTURY = 0x32 };
enum { STATUS_A = 10, STATUS_B = 11 };
enum { A_UPDATE_IN_PROGRESS = 0x80, B_BINARY = 4, B_24_HOURS = 2, HOURS_PM = 0x80 };

static uint8_t cmos(uint8_t reg)
{
    outb(CMOS_INDEX, reg);
    return inb(CMOS_DATA);
}

static unsigned number(uint8_t value, bool binary)
{
    return binary ? value : (value >> 4) * 10u + (value & 15);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. The year is taken to begin in March, so that the leap
 * day is its last; 719468 days lie between 0000-03-01 and 1970-01-01. */
static uint64_t days(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

    return 365ull * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static void read_registers(uint8_t out[7])
{
    static const uint8_t registers[7] = {SECONDS, MINUTES, HOURS, DAY, MONTH, YEAR, CENTURY};

    while (cmos(STATUS_A) & A_UPDATE_IN_PROGRESS)
        cpu_relax();
    for (int i = 0; i < 7; i++)
        out[i] = cmos(registers[i]);
}

uint64_t rtc_seconds(void)
{
    uint8_t now[7], again[7], mode = cmos(STATUS_B);
    bool binary = mode & B_BINARY;

    /* The clock may tick between two registers: read until two readings agree. */
    do {
        read_registers(now);
        read_registers(again);
    } while (memcmp(now, again, sizeof now));
    unsigned hour = number(now[2] & (uint8_t)~HOURS_PM, binary), century = number(now[6], binary);
    if (!(mode & B_24_HOURS))
        hour = hour % 12 + (now[2] & HOURS_PM ? 12 : 0);
    unsigned year = (century >= 19 && century <= 29 ? century : 20) * 100 + number(now[5], binary);
    return days(year, number(now[4], binary), number(now[3], binary)) * 86400 + hour * 3600 +
           number(now[1], binary) * 60 + number(now[0], binary);
}
