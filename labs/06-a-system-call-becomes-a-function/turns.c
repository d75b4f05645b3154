/* turns.c: after each kind of call, another thread must get its turn though this one never waits. The check boots it. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>

enum { PAGE = 4096 };
static volatile int wanted, done;

static void *turns(void *unused)
{
    while (done < 4)
        if (wanted > done)
            done = wanted;
    return unused;
}

int main(void)
{
    unsigned char vec[8];
    char *p = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t thread;

    munmap(p + 2 * PAGE, PAGE);
    if (pthread_create(&thread, 0, turns, 0))
        return 1;
    for (int i = 1; i <= 4; i++) {
        if (i == 1)
            mincore(p, 2 * PAGE, vec);
        else if (i == 2)
            mincore(p + 1, PAGE, vec);
        else if (i == 3)
            mincore(p, 4 * PAGE, vec);
        else
            mincore(p, PAGE, (unsigned char *)64);
        printf("%d\n", i);
        fflush(stdout);
        wanted = i;
        while (done != i)
            ;
    }
    pthread_join(thread, 0);
    return 0;
}
