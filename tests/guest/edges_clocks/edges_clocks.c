/* SPDX-License-Identifier: MIT */
/* Clocks, sleeps and timers at their edges: clocks that are none, times that are none. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "../say.h"

int main(void)
{
    struct timespec time, zero = {0}, past = {.tv_sec = 1}, large = {.tv_nsec = 1000000000},
                          negative = {.tv_sec = -1}, below = {.tv_nsec = -1};
    clockid_t clocks[] = {CLOCK_REALTIME,
                          CLOCK_MONOTONIC,
                          CLOCK_MONOTONIC_RAW,
                          CLOCK_REALTIME_COARSE,
                          CLOCK_MONOTONIC_COARSE,
                          CLOCK_BOOTTIME,
                          10,
                          99};

    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        printf("clock %d\n", clocks[i]);
        SAY(syscall(SYS_clock_gettime, clocks[i], &time));
        SAY(syscall(SYS_clock_getres, clocks[i], &time));
        SAY(syscall(SYS_clock_getres, clocks[i], NULL));
        SAY(syscall(SYS_clock_nanosleep, clocks[i], 0, &large, NULL));
    }
    SAY(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &time));
    printf("%lld %ld\n", (long long)time.tv_sec, time.tv_nsec);

    SAY(nanosleep(&zero, NULL));
    SAY(nanosleep(&large, NULL));
    SAY(nanosleep(&negative, NULL));
    SAY(nanosleep(&below, NULL));
    SAY(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL));
    SAY(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &past, NULL));
    SAY(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &negative, NULL));
    SAY(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 99, &zero, NULL));
    SAY(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &zero, NULL));

    struct itimerval wrong = {.it_value = {0, 1000000}}, below_zero = {.it_value = {-1, 0}}, got, never = {0};
    SAY(setitimer(ITIMER_REAL, &wrong, NULL));
    SAY(setitimer(ITIMER_REAL, &below_zero, NULL));
    SAY(setitimer(99, &never, NULL));
    SAY(getitimer(99, &got));
    SAY(setitimer(ITIMER_REAL, &never, &got));
    printf("%ld %ld\n", (long)got.it_value.tv_sec, (long)got.it_value.tv_usec);

    struct sigevent quiet = {.sigev_notify = SIGEV_NONE}, unknown = {.sigev_notify = 99},
                    unsent = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65};
    struct itimerspec hour = {.it_value = {3600, 0}}, nothing = {0}, ns = {.it_value = {0, 1000000000}}, left;
    timer_t timer;
    SAY(timer_create(99, &quiet, &timer));
    SAY(timer_create(CLOCK_MONOTONIC, &unknown, &timer));
    SAY(timer_create(CLOCK_MONOTONIC, &unsent, &timer));
    SAY(timer_create(CLOCK_MONOTONIC, &quiet, &timer));
    SAY(timer_gettime(timer, &left));
    printf("%ld %ld\n", (long)left.it_value.tv_sec, left.it_value.tv_nsec);
    SAY(timer_settime(timer, 0, &ns, NULL));
    SAY(timer_settime(timer, 0, &hour, NULL));
    SAY(timer_settime(timer, 0, &nothing, &left));
    printf("%d\n", left.it_value.tv_sec == 3599 || left.it_value.tv_sec == 3600);
    SAY(timer_getoverrun(timer));
    SAY(timer_delete(timer));
    SAY(timer_delete(timer));
    SAY(timer_gettime(timer, &left));
    SAY(timer_settime(timer, 0, &hour, NULL));
    puts("SUCCESS");
    return 0;
}
