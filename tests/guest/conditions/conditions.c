/* Condition variables: signal and broadcast, deadlines on both clocks, a hand-over between two threads. */
#define _GNU_SOURCE
#include "../check.h"
#include <pthread.h>
#include <time.h>

enum { WAITERS = 10, ROUNDS = 5000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond;
static int waiting, tickets, served;

static void *wait_for_ticket(void *argument)
{
    pthread_mutex_lock(&lock);
    waiting++;
    while (!tickets)
        pthread_cond_wait(&cond, &lock);
    tickets--;
    served++;
    pthread_mutex_unlock(&lock);
    return argument;
}

static void until_all_wait(int n)
{
    for (;;) {
        pthread_mutex_lock(&lock);
        int now = waiting;
        pthread_mutex_unlock(&lock);
        if (now == n)
            return;
        sched_yield();
    }
}

static long long nanoseconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void deadline(clockid_t clock)
{
    pthread_condattr_t attributes;
    long long until = nanoseconds(clock) + 30000000;
    struct timespec t = {until / 1000000000, until % 1000000000}, past = {1, 0}, wrong = {1, -1};

    CHECK(!pthread_condattr_init(&attributes) && !pthread_condattr_setclock(&attributes, clock));
    CHECK(!pthread_cond_init(&cond, &attributes));
    pthread_mutex_lock(&lock);
    CHECK(pthread_cond_timedwait(&cond, &lock, &t) == ETIMEDOUT && nanoseconds(clock) >= until);
    CHECK(pthread_cond_timedwait(&cond, &lock, &past) == ETIMEDOUT);
    CHECK(pthread_cond_timedwait(&cond, &lock, &wrong) == EINVAL);
    CHECK(pthread_mutex_trylock(&lock) == EBUSY); /* it is locked again after each */
    pthread_mutex_unlock(&lock);
    CHECK(!pthread_cond_destroy(&cond));
}

static int turn;

static void *ping_pong(void *argument)
{
    int me = (int)(long)argument;

    pthread_mutex_lock(&lock);
    for (int i = 0; i < ROUNDS; i++) {
        while (turn != me)
            pthread_cond_wait(&cond, &lock);
        turn = !me;
        pthread_cond_signal(&cond);
    }
    pthread_mutex_unlock(&lock);
    return argument;
}

int main(void)
{
    pthread_t threads[WAITERS];

    deadline(CLOCK_REALTIME);
    deadline(CLOCK_MONOTONIC);
    CHECK(!pthread_cond_init(&cond, 0) && !pthread_cond_signal(&cond) && !pthread_cond_broadcast(&cond));
    for (int i = 0; i < WAITERS; i++)
        CHECK(!pthread_create(&threads[i], 0, wait_for_ticket, 0));
    until_all_wait(WAITERS);
    for (int i = 1; i <= 3; i++) {
        pthread_mutex_lock(&lock);
        tickets++;
        pthread_cond_signal(&cond);
        while (served < i) {
            pthread_mutex_unlock(&lock);
            sched_yield();
            pthread_mutex_lock(&lock);
        }
        CHECK(served == i);
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    tickets = WAITERS - 3;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < WAITERS; i++)
        CHECK(!pthread_join(threads[i], 0));
    CHECK(served == WAITERS && tickets == 0);

    for (long i = 0; i < 2; i++)
        CHECK(!pthread_create(&threads[i], 0, ping_pong, (void *)i));
    for (int i = 0; i < 2; i++)
        CHECK(!pthread_join(threads[i], 0));
    SUCCESS();
}
