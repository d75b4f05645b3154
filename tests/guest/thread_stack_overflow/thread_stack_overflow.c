/* Deep recursion in a thread runs into its guard page, and not into whatever lies below. */
#include <pthread.h>
#include <stdio.h>

static int deeper(int n)
{
    volatile char room[1024];

    room[n % 1024] = (char)n;
    return deeper(n + 1) + room[n % 1024];
}

static void *run(void *argument)
{
    return (void *)(long)deeper((int)(long)argument);
}

int main(void)
{
    pthread_t thread;

    puts("starts a thread");
    pthread_create(&thread, 0, run, 0);
    pthread_join(thread, 0);
    puts("never reached");
    return 0;
}
