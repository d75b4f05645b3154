/* Sleeps never end early, whatever the clock; many at once end, those at the same time too; a wait
 * whose deadline is over does not wait; the clocks do not go back. */
#define _GNU_SOURCE
#include "../check.h"
#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

enum { SLEEPERS = 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long long together;
static volatile int stop, woken;

static long long now(clockid_t clock)
{
    struct timespec t;

    CHECK(!clock_gettime(clock, &t));
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static struct timespec spec(long long ns)
{
    return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static void *sleep_until(void *argument)
{
    int n = (int)(long)argument;
    struct timespec until = spec(together + n / 2 * 2000000ll); /* two at each time */

    CHECK(!clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0));
    CHECK(now(CLOCK_MONOTONIC) >= together + n / 2 * 2000000ll);
    pthread_mutex_lock(&lock);
    woken++;
    pthread_mutex_unlock(&lock);
    return 0;
}

static void *watch_clocks(void *argument)
{
    long long monotonic = 0, real = 0;

    while (!stop) {
        long long m = now(CLOCK_MONOTONIC), r = now(CLOCK_REALTIME);

        CHECK(m >= monotonic && r >= real);
        monotonic = m;
        real = r;
    }
    return argument;
}

int main(void)
{
    pthread_t threads[SLEEPERS], watchers[2];
    struct timespec left = {7, 7};
    sem_t sem;

    for (int i = 0; i < 2; i++)
        CHECK(!pthread_create(&watchers[i], 0, watch_clocks, 0));
    for (int i = 0; i < 5; i++) {
        clockid_t clock = i % 2 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
        long long start = now(clock), ns = 100000ll << i;
        struct timespec t = spec(ns);

        CHECK(!clock_nanosleep(clock, 0, &t, &left) && now(clock) - start >= ns);
        t = spec(start + 2 * ns);
        CHECK(!clock_nanosleep(clock, TIMER_ABSTIME, &t, 0) && now(clock) >= start + 2 * ns);
        CHECK(!clock_nanosleep(clock, TIMER_ABSTIME, &t, 0)); /* over already */
    }
    stop = 1;
    for (int i = 0; i < 2; i++)
        CHECK(!pthread_join(watchers[i], 0));

    together = now(CLOCK_MONOTONIC) + 10000000;
    for (long i = 0; i < SLEEPERS; i++)
        CHECK(!pthread_create(&threads[i], 0, sleep_until, (void *)(i * 7 % SLEEPERS)));
    for (int i = 0; i < SLEEPERS; i++)
        CHECK(!pthread_join(threads[i], 0));
    CHECK(woken == SLEEPERS);

    CHECK(!sem_init(&sem, 0, 0));
    left = (struct timespec){0};
    CHECK(sem_timedwait(&sem, &left) == -1 && errno == ETIMEDOUT);
    CHECK(nanosleep(&(struct timespec){0, 1000000000}, 0) == -1 && errno == EINVAL);
    CHECK(nanosleep(&(struct timespec){-1, 0}, 0) == -1 && errno == EINVAL);
    CHECK(!nanosleep(&(struct timespec){0}, 0) && !usleep(10) && sleep(0) == 0);
    SUCCESS();
}
