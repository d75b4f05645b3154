/*
 * pipes.c: what a shell would write as
 *
 *   numbers 1000 | square | odd | sum
 *
 * with a thread for each program, and a pipe between one and the next. Threads
 * share their memory, so nothing but good manners makes them use the pipes.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STAGES = 4 };

struct stage {
    const char *name;
    void (*run)(FILE *in, FILE *out);
    int in, out; /* descriptors; -1 for none */
    pthread_t thread;
};

static long last = 1000;

static void numbers(FILE *in, FILE *out)
{
    (void)in;
    for (long n = 1; n <= last; n++)
        fprintf(out, "%ld\n", n);
}

static void square(FILE *in, FILE *out)
{
    long n;

    while (fscanf(in, "%ld", &n) == 1)
        fprintf(out, "%ld\n", n * n);
}

static void odd(FILE *in, FILE *out)
{
    long n;

    while (fscanf(in, "%ld", &n) == 1)
        if (n % 2)
            fprintf(out, "%ld\n", n);
}

static void sum(FILE *in, FILE *out)
{
    long n, total = 0, count = 0;

    (void)out;
    while (fscanf(in, "%ld", &n) == 1) {
        total += n;
        count++;
    }
    printf("%ld numbers, sum %ld\n", count, total);
}

static void *start(void *argument)
{
    struct stage *stage = argument;
    FILE *in = stage->in < 0 ? NULL : fdopen(stage->in, "r"),
         *out = stage->out < 0 ? NULL : fdopen(stage->out, "w");

    stage->run(in, out);
    if (in)
        fclose(in);
    if (out)
        fclose(out); /* the next one finds the end of its input */
    return NULL;
}

int main(int argc, char **argv)
{
    struct stage stages[STAGES] = {{"numbers", numbers}, {"square", square}, {"odd", odd}, {"sum", sum}};

    if (argc > 1)
        last = atol(argv[1]);
    stages[0].in = stages[STAGES - 1].out = -1;
    for (int i = 0; i + 1 < STAGES; i++) {
        int ends[2];

        if (pipe(ends)) {
            perror("pipes: pipe");
            return 1;
        }
        stages[i].out = ends[1];
        stages[i + 1].in = ends[0];
    }
    for (int i = 0; i < STAGES; i++) {
        if (pthread_create(&stages[i].thread, NULL, start, &stages[i])) {
            fprintf(stderr, "pipes: cannot start %s\n", stages[i].name);
            return 1;
        }
    }
    for (int i = 0; i < STAGES; i++)
        pthread_join(stages[i].thread, NULL);
    return 0;
}
