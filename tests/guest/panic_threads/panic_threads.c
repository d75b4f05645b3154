/* A panic tells of every thread: what it waits in, and who has called that. */
#include "../check.h"
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int fds[2];
static volatile int arrived, turns;

static void *reads(void *argument)
{
    char c;

    arrived++;
    CHECK(read(fds[0], &c, 1) == 1);
    return argument;
}

static void *locks(void *argument)
{
    arrived++;
    pthread_mutex_lock(&mutex);
    return argument;
}

static void *counts(void *argument)
{
    for (;;)
        turns++;
    return argument;
}

static void *crashes(void *argument)
{
    while (arrived < 2 || !turns)
        sched_yield();
    /* With each turn of ours they have one too, to get from there to where they wait. */
    for (int i = 0; i < 3; i++)
        sched_yield();
    puts("follows a null pointer");
    return *(void *volatile *)argument;
}

int main(void)
{
    void *(*const work[])(void *) = {reads, locks, counts, crashes};
    pthread_t threads[4];

    CHECK(pipe(fds) == 0 && pthread_mutex_lock(&mutex) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], 0, work[i], 0) == 0);
    pthread_join(threads[0], 0);
    return 0;
}
