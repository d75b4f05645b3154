/* SPDX-License-Identifier: MIT */
/* storm.h: SIGALRM as often as it comes while anything else still gets done. Each microsecond, that is, unless `progress`
 * then stands still, as it does in a process of some hosts. */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static volatile long progress; /* the program counts it up */
static volatile int storm_over;
static pthread_t storm_keeper;

static inline void *storm_keep(void *argument)
{
    enum { LOOK_US = 20000, LONGEST_US = 100 };
    struct itimerval often = {{0, 0}, {0, 1}}, never = {0};

    for (long seen = progress; !storm_over;) {
        if (!often.it_interval.tv_usec || (progress == seen && often.it_interval.tv_usec < LONGEST_US)) {
            often.it_interval.tv_usec += often.it_interval.tv_usec + 1;
            CHECK(!setitimer(ITIMER_REAL, &often, 0));
        }
        seen = progress;
        usleep(LOOK_US);
    }
    CHECK(!setitimer(ITIMER_REAL, &never, 0));
    return argument;
}

/* Has SIGALRM's mask changed by `how` in the calling thread, and says what it was. */
static inline sigset_t storm_mask(int how)
{
    sigset_t set, before;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    CHECK(!pthread_sigmask(how, &set, &before));
    return before;
}

static inline void storm_begin(void)
{
    sigset_t before = storm_mask(SIG_BLOCK); /* the keeper is not to be interrupted */

    storm_over = 0;
    CHECK(!pthread_create(&storm_keeper, 0, storm_keep, 0) && !pthread_sigmask(SIG_SETMASK, &before, 0));
}

static inline void storm_end(void)
{
    storm_over = 1;
    CHECK(!pthread_join(storm_keeper, 0));
}
