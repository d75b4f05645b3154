/* exit() in a thread ends everything: handlers of atexit() run, streams are flushed, others may wait or compute. */
#include "../check.h"
#include <pthread.h>
#include <unistd.h>

static void last_words(void)
{
    puts("atexit");
}

static void *wait(void *argument)
{
    for (;;)
        pause();
    return argument;
}

static void *compute(void *argument)
{
    for (volatile long i = 0;; i++)
        ;
    return argument;
}

static void *leave(void *argument)
{
    printf("not flushed yet; ");
    exit(7);
    return argument;
}

int main(void)
{
    pthread_t thread;

    atexit(last_words);
    CHECK(!pthread_create(&thread, 0, wait, 0) && !pthread_create(&thread, 0, compute, 0));
    CHECK(!pthread_create(&thread, 0, leave, 0) && !pthread_join(thread, 0));
    return 1;
}
