/* Signals and threads: sent to one, sent to whoever does not block it, masks of each thread's own, while computing,
 * waiting, and in a handler. */
#define _GNU_SOURCE
#include "../check.h"
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

static volatile pthread_t handled_by;
static volatile int seen, order[8], position;
static volatile sig_atomic_t stop;
static sem_t ready, sem;
static volatile unsigned long misaligned;

static void note(int sig)
{
    handled_by = pthread_self();
    misaligned += (unsigned long)__builtin_frame_address(0) % 16;
    seen = sig;
    stop = 1;
}

static void *compute(void *argument)
{
    double x = 1, sum = 0;

    sem_post(&ready);
    while (!stop) {
        sum += 1 / x;
        x = x < 1000 ? x + 1 : 1;
    }
    return sum > 0 ? argument : 0;
}

static void *wait_for(void *argument)
{
    sem_post(&ready);
    CHECK(sem_wait(&sem) == -1 && errno == EINTR && stop);
    return argument;
}

static void *blocked(void *argument)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK(!pthread_sigmask(SIG_BLOCK, &set, 0));
    sem_post(&ready);
    while (sem_wait(&sem))
        ;
    CHECK(!sigpending(&set) && sigismember(&set, SIGUSR1) && !seen);
    CHECK(!pthread_sigmask(SIG_UNBLOCK, &set, 0) && seen == SIGUSR1);
    return argument;
}

static void *inherits(void *argument)
{
    sigset_t set;

    CHECK(!pthread_sigmask(SIG_SETMASK, 0, &set) && sigismember(&set, SIGUSR2) && !sigismember(&set, SIGUSR1));
    return argument;
}

static void outer(int sig)
{
    order[position++] = sig;
    if (position < 4) {
        raise(SIGUSR2);
        raise(sig); /* is blocked until this returns */
    }
    order[position++] = -sig;
}

static void inner(int sig)
{
    order[position++] = sig;
}

static void run(void *(*fn)(void *))
{
    pthread_t thread;
    void *result;

    seen = stop = 0;
    CHECK(!pthread_create(&thread, 0, fn, &thread) && !sem_wait(&ready));
    for (int i = 0; i < 10; i++)
        sched_yield();
    CHECK(!pthread_kill(thread, SIGUSR1));
    if (fn == blocked)
        sem_post(&sem);
    /* The first may have come before the thread waited. */
    while (pthread_tryjoin_np(thread, &result)) {
        sched_yield();
        if (fn == wait_for)
            pthread_kill(thread, SIGUSR1);
    }
    CHECK(result == &thread);
    CHECK(seen == SIGUSR1 && handled_by == thread);
}

static void *nothing(void *argument)
{
    return argument;
}

int main(void)
{
    struct sigaction action = {.sa_handler = note};
    pthread_t thread;
    sigset_t set, old;

    CHECK(!sem_init(&ready, 0, 0) && !sem_init(&sem, 0, 0) && !sigaction(SIGUSR1, &action, 0));
    run(compute);
    run(wait_for);
    run(blocked);

    /* To the process: the main thread blocks it, so the other one gets it. */
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    seen = stop = 0;
    CHECK(!pthread_create(&thread, 0, compute, &thread) && !sem_wait(&ready));
    CHECK(!pthread_sigmask(SIG_BLOCK, &set, &old));
    CHECK(!kill(getpid(), SIGUSR1) && !pthread_join(thread, 0) && handled_by == thread);
    CHECK(!pthread_sigmask(SIG_SETMASK, &old, 0));

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK(!pthread_sigmask(SIG_BLOCK, &set, 0));
    CHECK(!pthread_create(&thread, 0, inherits, 0) && !pthread_join(thread, 0));
    CHECK(!pthread_sigmask(SIG_UNBLOCK, &set, 0));

    signal(SIGUSR1, outer);
    signal(SIGUSR2, inner);
    CHECK(!raise(SIGUSR1) && position == 5);
    CHECK(order[0] == SIGUSR1 && order[1] == SIGUSR2 && order[2] == -SIGUSR1 && order[3] == SIGUSR1);

    CHECK(!pthread_create(&thread, 0, nothing, 0));
    CHECK(!pthread_kill(thread, 0) && pthread_kill(thread, 1000) == EINVAL && !pthread_join(thread, 0));
    CHECK(misaligned == 0);
    SUCCESS();
}
