/* Threads that never wait all get their turn, about equally; one that sleeps is woken among them; a waker and a waiter
 * who poll each other by computing get on. */
#include "../check.h"
#include <pthread.h>
#include <time.h>

enum { THREADS = 4 };

static volatile long counts[THREADS];
static volatile int stop, ball;

static void *count(void *argument)
{
    volatile long *mine = argument;

    while (!stop)
        ++*mine;
    return 0;
}

static void *spin_for_ball(void *argument)
{
    int me = (int)(long)argument;

    for (int i = 0; i < 4; i++) {
        while (ball != me)
            ;
        ball = !me;
    }
    return 0;
}

int main(void)
{
    pthread_t threads[THREADS];
    long least, most;

    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], 0, count, (void *)&counts[i]));
    CHECK(!nanosleep(&(struct timespec){.tv_nsec = 400000000}, 0));
    stop = 1;
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], 0));
    least = most = counts[0];
    for (int i = 1; i < THREADS; i++) {
        least = counts[i] < least ? counts[i] : least;
        most = counts[i] > most ? counts[i] : most;
    }
    CHECK(least > 0 && most / 10 < least);

    for (long i = 0; i < 2; i++)
        CHECK(!pthread_create(&threads[i], 0, spin_for_ball, (void *)i));
    for (int i = 0; i < 2; i++)
        CHECK(!pthread_join(threads[i], 0));
    SUCCESS();
}
