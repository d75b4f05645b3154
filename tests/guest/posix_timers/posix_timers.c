/* timer_create(): a signal to the process or to a thread, a function on a thread, nothing; overruns; absolute times. */
#define _GNU_SOURCE
#include "../check.h"
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static sem_t sem;
static volatile int called, last_value;
static pthread_t caller;

static void call(union sigval value)
{
    called++;
    last_value = value.sival_int;
    caller = pthread_self();
    sem_post(&sem);
}

static long long now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static struct itimerspec spec(long long first, long long interval)
{
    return (struct itimerspec){{interval / 1000000000, interval % 1000000000},
                               {first / 1000000000, first % 1000000000}};
}

static void to_process(clockid_t clock)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 17};
    struct itimerspec value = spec(2000000, 0), got;
    sigset_t set;
    siginfo_t info;
    timer_t timer;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    CHECK(!sigprocmask(SIG_BLOCK, &set, 0));
    CHECK(!timer_create(clock, &event, &timer) && !timer_settime(timer, 0, &value, 0));
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_code == SI_TIMER && info.si_value.sival_int == 17);
    CHECK(!timer_gettime(timer, &got) && got.it_value.tv_sec == 0 && got.it_value.tv_nsec == 0);

    /* At a time, and at one that is over. */
    long long until = now(clock) + 3000000;
    value = spec(until, 0);
    CHECK(!timer_settime(timer, TIMER_ABSTIME, &value, 0));
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && now(clock) >= until);
    CHECK(!timer_settime(timer, TIMER_ABSTIME, &value, 0) && sigwaitinfo(&set, &info) == SIGRTMIN);

    /* One signal is pending for all the expirations that nobody has taken. */
    value = spec(1000000, 1000000);
    CHECK(!timer_settime(timer, 0, &value, 0));
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, 0);
    CHECK(!timer_gettime(timer, &got) && got.it_interval.tv_nsec == 1000000 && got.it_value.tv_nsec <= 1000000);
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && timer_getoverrun(timer) >= 10);
    value = spec(0, 0);
    CHECK(!timer_settime(timer, 0, &value, &got) && got.it_interval.tv_nsec == 1000000);
    while (sigtimedwait(&set, 0, &(struct timespec){0}) == SIGRTMIN)
        ;
    CHECK(sigtimedwait(&set, 0, &(struct timespec){.tv_nsec = 3000000}) == -1 && errno == EAGAIN);
    CHECK(!timer_delete(timer) && !sigprocmask(SIG_UNBLOCK, &set, 0));
}

int main(void)
{
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD, .sigev_notify_function = call, .sigev_value.sival_int = 23};
    struct itimerspec value = spec(1000000, 1000000);
    timer_t timer, none;

    to_process(CLOCK_MONOTONIC);
    to_process(CLOCK_REALTIME);

    CHECK(!sem_init(&sem, 0, 0) && !timer_create(CLOCK_MONOTONIC, &event, &timer) &&
          !timer_settime(timer, 0, &value, 0));
    for (int i = 0; i < 5; i++)
        CHECK(!sem_wait(&sem));
    CHECK(called >= 5 && last_value == 23 && caller != pthread_self() && !timer_delete(timer));

    event = (struct sigevent){.sigev_notify = SIGEV_NONE};
    value = spec(1000000000, 0);
    CHECK(!timer_create(CLOCK_MONOTONIC, &event, &none) && !timer_settime(none, 0, &value, 0));
    CHECK(!timer_gettime(none, &value) && value.it_value.tv_nsec > 0 && !timer_delete(none));
    CHECK(timer_create(12345, 0, &none) == -1 && errno == EINVAL);
    SUCCESS();
}
