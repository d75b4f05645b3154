/*
 * race.c: four threads add to one counter, a hundred times each, and let the others
 * run between load and store.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 100 };

static long counter;

static void *add(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        long seen = counter;
        sched_yield();
        counter = seen + 1;
    }
    return unused;
}

int main(void)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, add, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%ld\n", counter);
    return 0;
}
