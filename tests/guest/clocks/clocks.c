/* The monotonic clock moves, never back, and a sleep takes its time; the wall clock is the host's. */
#include "../check.h"
#include <time.h>
#include <unistd.h>

static long long now(clockid_t clock)
{
    struct timespec t;
    CHECK(!clock_gettime(clock, &t) && t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
    long long last = now(CLOCK_MONOTONIC);
    for (int i = 0; i < 10000; i++) {
        long long next = now(CLOCK_MONOTONIC);
        CHECK(next >= last);
        last = next;
    }
    long long wall = now(CLOCK_REALTIME), before = now(CLOCK_MONOTONIC);
    CHECK(!usleep(200000));
    long long slept = now(CLOCK_MONOTONIC) - before, walled = now(CLOCK_REALTIME) - wall;
    CHECK(slept >= 200000000 && walled >= 200000000);
    /* The real-time clock counts whole seconds: it is an independent witness of two of them. */
    CHECK(argc == 2);
    long long host = atoll(argv[1]);
    CHECK(wall / 1000000000 - host >= -1 && wall / 1000000000 - host <= 20);
    struct timespec t = {0, 1000000000};
    CHECK(nanosleep(&t, 0) == -1 && errno == EINVAL);
    CHECK(clock_gettime(99, &t) == -1 && errno == EINVAL);
    SUCCESS();
}
