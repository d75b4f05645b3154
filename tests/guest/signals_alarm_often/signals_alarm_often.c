/* With the shortest interval there is, signals leave the program time to get on; switched off, they stay away. */
#include "../check.h"
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static volatile int rings;

static void ring(int sig)
{
    (void)sig;
    rings++;
}

/* The argument is the interval in microseconds. */
int main(int argc, char **argv)
{
    long interval = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
    struct itimerval often = {{0, interval}, {0, interval}}, never = {0}, left;
    volatile double x = 1;

    signal(SIGALRM, ring);
    CHECK(!setitimer(ITIMER_REAL, &often, 0));
    for (int i = 0; i < 3000000 || rings <= 10; i++)
        x = x * 0.9999999;
    CHECK(!getitimer(ITIMER_REAL, &left) && left.it_interval.tv_usec == interval);
    CHECK(!setitimer(ITIMER_REAL, &never, 0) && rings > 10);
    int last = rings;
    nanosleep(&(struct timespec){.tv_nsec = 3 * interval * 1000 + 3000000}, 0);
    CHECK(rings == last);
    SUCCESS();
}
