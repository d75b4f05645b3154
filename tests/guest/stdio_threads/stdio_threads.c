/* One stream, many threads: lines stay whole, none is lost, flockfile() keeps several together. */
#include "../check.h"
#include <pthread.h>

enum { THREADS = 8, LINES = 25 };

static void *print(void *argument)
{
    for (int i = 0; i < LINES; i++) {
        flockfile(stdout);
        printf("[%d", (int)(long)argument);
        printf(".%d", i);
        puts("]");
        funlockfile(stdout);
        printf("(%d.%d)\n", (int)(long)argument, i);
    }
    return 0;
}

int main(void)
{
    pthread_t threads[THREADS];

    for (long i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], 0, print, (void *)i));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], 0));
    SUCCESS();
}
