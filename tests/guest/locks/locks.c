/* Read-write locks, barriers, semaphores, spin locks, and what is done once. */
#define _GNU_SOURCE
#include "../check.h"
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

enum { THREADS = 6, ROUNDS = 2000 };

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t sem, done;
static volatile long first, second;
static int serial, onces, inside;

static struct timespec soon(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += 20000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void in_threads(void *(*fn)(void *))
{
    pthread_t threads[THREADS];

    for (long i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], 0, fn, (void *)i));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], 0));
}

/* Writers keep two numbers equal; readers, who may be many, never see them differ. */
static void *read_and_write(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        if ((i + (long)argument) % 4 == 0) {
            CHECK(!pthread_rwlock_wrlock(&rwlock));
            first++;
            if (i % 50 == 0)
                sched_yield();
            second++;
        } else {
            CHECK(!pthread_rwlock_rdlock(&rwlock) && first == second);
        }
        CHECK(!pthread_rwlock_unlock(&rwlock));
    }
    return 0;
}

static void *try_both(void *argument)
{
    struct timespec until = soon();

    if (argument == 0) {
        CHECK(pthread_rwlock_trywrlock(&rwlock) == EBUSY && !pthread_rwlock_tryrdlock(&rwlock));
        CHECK(pthread_rwlock_timedwrlock(&rwlock, &until) == ETIMEDOUT && !pthread_rwlock_unlock(&rwlock));
    }
    return 0;
}

static void *meet(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS / 10; i++) {
        __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
        int result = pthread_barrier_wait(&barrier);
        CHECK(inside == THREADS && (result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD));
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
            serial++;
            inside = 0;
        }
        pthread_barrier_wait(&barrier);
    }
    return 0;
}

static void *count_spinning(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(!pthread_spin_lock(&spin));
        first++;
        CHECK(!pthread_spin_unlock(&spin));
    }
    return 0;
}

static void init(void)
{
    sched_yield();
    onces++;
}

static void *do_once(void *argument)
{
    CHECK(!pthread_once(&once, init) && onces == 1);
    return argument;
}

static void *post_and_wait(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++)
        CHECK(!sem_wait(&sem) && !sem_post(&sem));
    CHECK(!sem_post(&done));
    return 0;
}

int main(void)
{
    struct timespec until;
    int value;

    in_threads(read_and_write);
    CHECK(first == THREADS * ROUNDS / 4 && second == first);
    CHECK(!pthread_rwlock_rdlock(&rwlock) && !pthread_rwlock_rdlock(&rwlock));
    in_threads(try_both);
    CHECK(!pthread_rwlock_unlock(&rwlock) && !pthread_rwlock_unlock(&rwlock));
    CHECK(!pthread_rwlock_trywrlock(&rwlock) && pthread_rwlock_tryrdlock(&rwlock) == EBUSY);
    CHECK(!pthread_rwlock_unlock(&rwlock) && !pthread_rwlock_destroy(&rwlock));

    CHECK(pthread_barrier_init(&barrier, 0, 0) == EINVAL && !pthread_barrier_init(&barrier, 0, THREADS));
    in_threads(meet);
    CHECK(serial == ROUNDS / 10 && !pthread_barrier_destroy(&barrier));

    first = 0;
    CHECK(!pthread_spin_init(&spin, 0));
    in_threads(count_spinning);
    CHECK(first == THREADS * ROUNDS && !pthread_spin_trylock(&spin) && pthread_spin_trylock(&spin) == EBUSY);

    in_threads(do_once);

    CHECK(!sem_init(&sem, 0, 2) && !sem_init(&done, 0, 0));
    in_threads(post_and_wait);
    for (int i = 0; i < THREADS; i++)
        CHECK(!sem_wait(&done));
    CHECK(!sem_getvalue(&sem, &value) && value == 2 && !sem_trywait(&sem) && !sem_wait(&sem));
    CHECK(sem_trywait(&sem) == -1 && errno == EAGAIN);
    until = soon();
    CHECK(sem_timedwait(&sem, &until) == -1 && errno == ETIMEDOUT);
    CHECK(!sem_init(&sem, 0, SEM_VALUE_MAX) && sem_post(&sem) == -1 && errno == EOVERFLOW);
    SUCCESS();
}
