/* SPDX-License-Identifier: MIT */
/* checks.h: what a test on this host is made of: numbers by chance, the same ones in each run, and conditions. */
#ifndef CHECKS_H
#define CHECKS_H

#include <stdbool.h>
#include <stdint.h>

extern uint64_t random_state;
uint32_t random_number(void);
bool chance(unsigned percent);

/* True if the long form of the test is wanted. */
bool soak(void);

/* Says more when a condition does not hold, if not null. */
extern void (*on_check_failed)(void);

#define CHECK(condition)                                                                                           \
    do {                                                                                                           \
        if (!(condition))                                                                                          \
            check_failed(__FILE__, __LINE__, #condition);                                                          \
    } while (0)
_Noreturn void check_failed(const char *file, int line, const char *condition);

#endif
