/* Mutexes of every type, as they are locked, tried, waited for with a deadline, and left behind by an owner. */
#define _GNU_SOURCE
#include "../check.h"
#include <pthread.h>
#include <time.h>

static pthread_mutex_t mutex;
static volatile int stage;

static void make(int type, int robust)
{
    pthread_mutexattr_t attributes;
    int got;

    CHECK(!pthread_mutexattr_init(&attributes) && !pthread_mutexattr_settype(&attributes, type));
    CHECK(!pthread_mutexattr_setrobust(&attributes, robust ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED));
    CHECK(!pthread_mutexattr_gettype(&attributes, &got) && got == type);
    CHECK(!pthread_mutex_init(&mutex, &attributes));
}

static struct timespec after(long ms)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void *
try
    (void *argument)
    {
        (void)argument;
        return (void *)(long)pthread_mutex_trylock(&mutex);
    }

static void *time_out(void *argument)
{
    struct timespec until = after(20);

    (void)argument;
    return (void *)(long)pthread_mutex_timedlock(&mutex, &until);
}

static void *unlock(void *argument)
{
    (void)argument;
    return (void *)(long)pthread_mutex_unlock(&mutex);
}

static void *lock_and_leave(void *argument)
{
    (void)argument;
    return (void *)(long)pthread_mutex_lock(&mutex);
}

static void *lock_and_unlock(void *argument)
{
    struct timespec until = after(60000);

    (void)argument;
    stage = 1;
    int result = pthread_mutex_timedlock(&mutex, &until);
    if (!result)
        result = pthread_mutex_unlock(&mutex);
    return (void *)(long)result;
}

/* What a function comes to in another thread. */
static int elsewhere(void *(*fn)(void *))
{
    pthread_t thread;
    void *result;

    CHECK(!pthread_create(&thread, 0, fn, 0) && !pthread_join(thread, &result));
    return (int)(long)result;
}

int main(void)
{
    pthread_t thread;
    void *result;

    make(PTHREAD_MUTEX_NORMAL, 0);
    CHECK(!pthread_mutex_lock(&mutex) && pthread_mutex_trylock(&mutex) == EBUSY);
    CHECK(elsewhere(try) == EBUSY && elsewhere(time_out) == ETIMEDOUT);
    struct timespec until = after(20), wrong = {0, 1000000000};
    CHECK(pthread_mutex_timedlock(&mutex, &until) == ETIMEDOUT);
    CHECK(pthread_mutex_timedlock(&mutex, &wrong) == EINVAL);
    CHECK(!pthread_create(&thread, 0, lock_and_unlock, 0));
    while (!stage)
        sched_yield();
    CHECK(!pthread_mutex_unlock(&mutex) && !pthread_join(thread, &result) && result == 0);
    CHECK(!pthread_mutex_destroy(&mutex));

    make(PTHREAD_MUTEX_RECURSIVE, 0);
    for (int i = 0; i < 3; i++)
        CHECK(!pthread_mutex_lock(&mutex));
    CHECK(!pthread_mutex_trylock(&mutex));
    CHECK(elsewhere(try) == EBUSY && elsewhere(unlock) == EPERM);
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_mutex_unlock(&mutex));
    CHECK(pthread_mutex_unlock(&mutex) == EPERM && elsewhere(lock_and_unlock) == 0);

    make(PTHREAD_MUTEX_ERRORCHECK, 0);
    CHECK(!pthread_mutex_lock(&mutex) && pthread_mutex_lock(&mutex) == EDEADLK);
    CHECK(elsewhere(unlock) == EPERM && elsewhere(try) == EBUSY && elsewhere(time_out) == ETIMEDOUT);
    CHECK(!pthread_mutex_unlock(&mutex) && pthread_mutex_unlock(&mutex) == EPERM);

    make(PTHREAD_MUTEX_NORMAL, 1);
    CHECK(elsewhere(lock_and_leave) == 0);
    CHECK(pthread_mutex_lock(&mutex) == EOWNERDEAD && !pthread_mutex_consistent(&mutex));
    CHECK(!pthread_mutex_unlock(&mutex) && elsewhere(lock_and_leave) == 0 &&
          elsewhere(lock_and_leave) == EOWNERDEAD);
    CHECK(pthread_mutex_lock(&mutex) == EOWNERDEAD && !pthread_mutex_unlock(&mutex));
    CHECK(pthread_mutex_lock(&mutex) == ENOTRECOVERABLE);
    SUCCESS();
}
