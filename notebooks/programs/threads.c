/*
 * threads.c: four threads, one counter, with and without a lock.
 *
 *   threads [ROUNDS]            by default 2000000 each
 *
 * Every thread adds one to the counter, again and again. Without a lock, a thread
 * that loses the processor between its load and its store undoes what others did
 * meanwhile. It knows nothing of unikernels.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4 };

static long rounds = 2000000;
static volatile long counter;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A call, so that load and store are apart: an emulator may take interrupts only where a block of code ends. */
static __attribute__((noinline)) long one_more(long n)
{
    return n + 1;
}

static void *add_without_lock(void *argument)
{
    (void)argument;
    for (long i = 0; i < rounds; i++)
        counter = one_more(counter);
    return NULL;
}

static void *add_with_lock(void *argument)
{
    (void)argument;
    for (long i = 0; i < rounds; i++) {
        pthread_mutex_lock(&lock);
        counter = one_more(counter);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static long count(void *(*add)(void *))
{
    pthread_t threads[THREADS];

    counter = 0;
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, add, NULL)) {
            fprintf(stderr, "threads: cannot start a thread\n");
            exit(1);
        }
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return counter;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        rounds = atol(argv[1]);
    long wanted = THREADS * rounds, locked = count(add_with_lock), unlocked = count(add_without_lock);

    printf("%d threads, %ld rounds each\n", THREADS, rounds);
    printf("with a lock:    %s\n", locked == wanted ? "nothing lost" : "additions lost");
    printf("without a lock: %ld of %ld lost\n", wanted - unlocked, wanted);
    return locked != wanted;
}
