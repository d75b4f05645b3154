/* Interrupts as often as they come, while everything goes on that they could disturb: memory calls, stacks that grow for
 * the first time, switching between threads, signals, locks. UNILAB_SOAK: ten times as long. */
#define _GNU_SOURCE
#include "../check.h"

#include "../storm.h"
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile long rings;
static volatile int stop;
static long scale = 1;

static void ring(int sig)
{
    (void)sig;
    rings++;
}

/* Goes down to where the stack has never been, one small frame at a time. */
static int deeper(int n)
{
    volatile char room[600];

    room[0] = (char)n;
    room[599] = (char)(n + 1);
    int below = n ? deeper(n - 1) : 0;
    progress++;
    CHECK(room[0] == (char)n && room[599] == (char)(n + 1));
    return below + 1;
}

static void *map(void *argument)
{
    for (int i = 0; !stop; i++) {
        size_t size = (size_t)(1 + i % 37) * 4096;
        char *p = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        CHECK(p != MAP_FAILED && p[0] == 0 && p[size - 1] == 0);
        p[0] = p[size - 1] = (char)i;
        CHECK(!mprotect(p, 4096, PROT_READ) && p[0] == (char)i && !munmap(p, size));
    }
    return argument;
}

static void *allocate(void *argument)
{
    char *kept[8] = {0};

    for (unsigned i = 0; !stop; i++) {
        size_t size = 1 + i * 2654435761u % 40000;
        char **slot = &kept[i % 8];

        if (*slot)
            CHECK(**slot == (char)(i % 8));
        free(*slot);
        CHECK((*slot = malloc(size)));
        (*slot)[0] = (char)(i % 8);
    }
    return argument;
}

static void *yield(void *argument)
{
    volatile double x = 1, y = 1;

    while (!stop) {
        sched_yield();
        x = x * 1.5;
        y = y * 1.5;
        CHECK(x == y);
        if (x > 1e100)
            x = y = 1;
    }
    return argument;
}

static void *start_threads(void *argument)
{
    pthread_t thread;
    void *result;

    while (!stop)
        CHECK(!pthread_create(&thread, 0, (void *(*)(void *))(void *)pthread_self, 0) &&
              !pthread_join(thread, &result) && result == (void *)thread);
    return argument;
}

static void *dive(void *argument)
{
    while (!stop)
        CHECK(deeper(100) == 101);
    return argument;
}

int main(void)
{
    void *(*work[])(void *) = {map, allocate, yield, start_threads, dive};
    enum { KINDS = sizeof work / sizeof *work };
    pthread_t threads[KINDS];
    struct sigaction action = {.sa_handler = ring, .sa_flags = SA_RESTART};

    if (getenv("UNILAB_SOAK"))
        scale = 10;
    CHECK(!sigaction(SIGALRM, &action, 0));
    storm_begin();
    for (int i = 0; i < KINDS; i++)
        CHECK(!pthread_create(&threads[i], 0, work[i], 0));
    /* The main stack has 8 MiB; each time a little further down. */
    for (int depth = 20; depth < 10000; depth += 60)
        CHECK(deeper(depth) == depth + 1);
    while (rings < 1500 * scale)
        CHECK(deeper(1000) == 1001);
    stop = 1;
    for (int i = 0; i < KINDS; i++)
        CHECK(!pthread_join(threads[i], 0));
    storm_end();
    SUCCESS();
}
