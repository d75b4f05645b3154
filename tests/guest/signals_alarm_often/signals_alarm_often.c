/* With the shortest interval there is, signals leave the program time to get on. */
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

int main(void)
{
    struct itimerval often = {{0, 1}, {0, 1}}, never = {0};
    volatile double x = 1;

    signal(SIGALRM, ring);
    CHECK(!setitimer(ITIMER_REAL, &often, 0));
    for (int i = 0; i < 3000000; i++)
        x = x * 0.9999999;
    CHECK(!setitimer(ITIMER_REAL, &never, 0) && rings > 10);
    int last = rings;
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, 0);
    CHECK(rings == last);
    SUCCESS();
}
