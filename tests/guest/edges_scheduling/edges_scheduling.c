/* SPDX-License-Identifier: MIT */
/* What is asked and set of a thread's turn, at its edges: policies that are none, threads that are not there. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../say.h"

enum { NOBODY = 1 << 22 };

/* By number: musl's own sched_setscheduler() and its kin say ENOSYS: POSIX wants other meanings than these calls have. */
static long scheduler(long number, long a, const void *b, const void *c)
{
    return syscall(number, a, b, c);
}

int main(void)
{
    struct sched_param zero = {0}, five = {.sched_priority = 5}, got = {.sched_priority = 77};
    unsigned long cpus[16] = {0};
    int policies[] = {SCHED_OTHER, 4, 99, -1}; /* the library OS has none of Linux's others */

    for (unsigned i = 0; i < sizeof policies / sizeof *policies; i++) {
        printf("policy %d\n", policies[i]);
        SAY(sched_get_priority_max(policies[i]));
        SAY(sched_get_priority_min(policies[i]));
    }
    SAY(scheduler(SYS_sched_getscheduler, 0, NULL, NULL));
    SAY(scheduler(SYS_sched_getscheduler, getpid(), NULL, NULL));
    SAY(scheduler(SYS_sched_getscheduler, -1, NULL, NULL));
    SAY(scheduler(SYS_sched_getscheduler, NOBODY, NULL, NULL));
    SAY(scheduler(SYS_sched_getparam, 0, &got, NULL));
    printf("%d\n", got.sched_priority);
    SAY(scheduler(SYS_sched_getparam, -1, &got, NULL));
    SAY(scheduler(SYS_sched_getparam, NOBODY, &got, NULL));
    SAY(scheduler(SYS_sched_getparam, 0, NULL, NULL));
    SAY(scheduler(SYS_sched_setparam, 0, &zero, NULL));
    SAY(scheduler(SYS_sched_setparam, 0, &five, NULL));
    SAY(scheduler(SYS_sched_setparam, -1, &zero, NULL));
    SAY(scheduler(SYS_sched_setparam, NOBODY, &zero, NULL));
    SAY(scheduler(SYS_sched_setscheduler, 0, (void *)SCHED_OTHER, &zero));
    SAY(scheduler(SYS_sched_setscheduler, 0, (void *)SCHED_OTHER, &five));
    SAY(scheduler(SYS_sched_setscheduler, 0, (void *)99, &zero));
    SAY(scheduler(SYS_sched_setscheduler, 0, (void *)-1, &zero));
    SAY(scheduler(SYS_sched_setscheduler, -1, (void *)SCHED_OTHER, &zero));
    SAY(scheduler(SYS_sched_setscheduler, NOBODY, (void *)SCHED_OTHER, &zero));
    SAY(scheduler(SYS_sched_getaffinity, 0, (void *)sizeof cpus, cpus) > 0);
    printf("%d\n", cpus[0] != 0);
    SAY(scheduler(SYS_sched_getaffinity, 0, (void *)1, cpus));
    SAY(scheduler(SYS_sched_getaffinity, 0, (void *)0, cpus));
    SAY(scheduler(SYS_sched_getaffinity, 0, (void *)12, cpus));
    SAY(scheduler(SYS_sched_getaffinity, NOBODY, (void *)sizeof cpus, cpus));
    SAY(sched_yield());
    puts("SUCCESS");
    return 0;
}
