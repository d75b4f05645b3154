/* SIGALRM, once and periodically: while computing, while waiting. */
#define _GNU_SOURCE
#include "../check.h"
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int rings;

static void ring(int sig)
{
    (void)sig;
    rings++;
}

static long long now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void set(long first_us, long interval_us)
{
    struct itimerval value = {{0, interval_us}, {0, first_us}};

    CHECK(!setitimer(ITIMER_REAL, &value, 0));
}

int main(void)
{
    struct itimerval value;
    long long start = now();

    signal(SIGALRM, ring);
    set(5000, 0);
    volatile double x = 1;
    while (!rings)
        x = x * 1.0000001;
    CHECK(rings == 1 && now() - start >= 5000000);

    sigset_t alarm_set, before;
    sigemptyset(&alarm_set);
    sigaddset(&alarm_set, SIGALRM);
    CHECK(!sigprocmask(SIG_BLOCK, &alarm_set, &before)); /* it must not come before the wait for it */
    set(5000, 0);
    CHECK(sigsuspend(&before) == -1 && errno == EINTR && rings == 2);
    CHECK(!sigprocmask(SIG_SETMASK, &before, 0));
    CHECK(!getitimer(ITIMER_REAL, &value) && value.it_value.tv_sec == 0 && value.it_value.tv_usec == 0);

    /* Ten periods take ten periods, however late each signal is. */
    start = now();
    rings = 0;
    set(2000, 2000);
    while (rings < 10)
        pause();
    CHECK(now() - start >= 20000000);
    CHECK(!getitimer(ITIMER_REAL, &value) && value.it_interval.tv_usec == 2000);
    set(0, 0);

    int last = rings;
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, 0);
    CHECK(rings == last);

    CHECK(alarm(100) == 0 && alarm(0) == 100);
    struct itimerval wrong = {{0, 0}, {0, 1000000}};
    CHECK(setitimer(ITIMER_REAL, &wrong, 0) == -1 && errno == EINVAL);
    signal(SIGALRM, SIG_DFL);
    puts("SUCCESS");
    fflush(stdout);
    set(1000, 0);
    for (;;)
        pause();
}
