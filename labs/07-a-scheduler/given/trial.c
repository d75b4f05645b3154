/*
 * trial.c: threads that run, yield and nap as they are told to.
 *
 *   trial WORD TURN PATIENCE PLAN...
 *
 * WORD is said when all have ended. Each PLAN is a thread: its priority, then steps. r5 keeps the processor busy for
 * five ticks, y yields, n3 naps for three milliseconds: "2 r5 y r1 n3".
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* run_queue.c; all names of the library OS begin so, for programs. */
extern void libos_lab_begin(unsigned turn, unsigned most_ticks, int priority), libos_lab_priority(int priority),
    libos_lab_run(unsigned ticks), libos_lab_end(void);

enum { MOST_THREADS = 40 };

static void *follow(void *plan)
{
    char *step = plan;

    strtol(step, &step, 10);
    while (*step) {
        char kind = *step++;
        long count = strtol(step, &step, 10);

        if (kind == 'r')
            libos_lab_run((unsigned)count);
        else if (kind == 'y')
            sched_yield();
        else if (kind == 'n')
            nanosleep(&(struct timespec){.tv_nsec = count * 1000000}, NULL);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[MOST_THREADS];
    int count = argc - 4;

    if (count < 1 || count > MOST_THREADS)
        return 2;
    int most_urgent = 0; /* which we are, too, so that all threads are made soon */
    for (int i = 0; i < count; i++)
        if (atoi(argv[i + 4]) > most_urgent)
            most_urgent = atoi(argv[i + 4]);
    libos_lab_begin((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]), most_urgent);
    for (int i = 0; i < count; i++) {
        libos_lab_priority(atoi(argv[i + 4]));
        if (pthread_create(&threads[i], NULL, follow, argv[i + 4]))
            return 3;
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    libos_lab_end();
    printf("all %d ended %s\n", count, argv[1]);
    return 0;
}
