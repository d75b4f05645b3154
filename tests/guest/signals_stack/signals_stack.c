/* How much stack handlers take while signals come as fast as they can: for each that the mask lets through no more than
 * sysconf(_SC_MINSIGSTKSZ) says, and the handler's own. UNILAB_SOAK: ten times as many. */
#define _GNU_SOURCE
#include "../check.h"

#include "../storm.h"
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>
#include <unistd.h>

enum { THREADS = 3, OWN = 512, BELOW = 16384, PAINT = 0xa5, LENGTH_OF_UD2 = 2 };

static volatile long rings;
static long least, wanted = 3000;
static int levels; /* how many signals may be on a stack at once */
static _Thread_local volatile uintptr_t base, deepest;

static void note(void)
{
    volatile char here = 0;
    uintptr_t depth = base - (uintptr_t)&here;

    if (depth > deepest)
        deepest = depth;
}

static void ring(int sig)
{
    (void)sig;
    note();
    rings++;
}

static void skip(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += LENGTH_OF_UD2;
}

/* On an alternate stack, nothing below it may have been written to. */
static void *alternate(void *argument)
{
    size_t size = (size_t)(levels * (least + OWN));
    unsigned char *area = malloc(BELOW + size);
    stack_t stack = {.ss_sp = area + BELOW, .ss_size = size}, none = {.ss_flags = SS_DISABLE};
    size_t clean = 0;

    CHECK(area);
    memset(area, PAINT, BELOW);
    CHECK(!sigaltstack(&stack, 0));
    for (; rings < wanted; progress++)
        __asm__ volatile("ud2");
    CHECK(!sigaltstack(&none, 0));
    while (clean < BELOW && area[clean] == PAINT)
        clean++;
    CHECK(clean == BELOW);
    free(area);
    return argument;
}

static void *own(void *argument)
{
    volatile char here = 0;

    base = (uintptr_t)&here;
    deepest = 0;
    for (; rings < wanted; progress++)
        ;
    CHECK(deepest <= (uintptr_t)(least + OWN));
    return argument;
}

static void storm(void *(*work)(void *), int flags, bool together)
{
    struct sigaction rung = {.sa_handler = ring, .sa_flags = flags | SA_RESTART},
                     skipped = {.sa_sigaction = skip, .sa_flags = flags | SA_SIGINFO};
    pthread_t threads[THREADS];
    sigset_t set, before;

    levels = together ? 2 : 1;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    if (!together)
        skipped.sa_mask = set;
    CHECK(!sigaction(SIGALRM, &rung, 0) && !sigaction(SIGILL, &skipped, 0));
    rings = 0;
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], 0, work, 0));
    before = storm_mask(SIG_BLOCK); /* the threads are to be interrupted, not this one */
    storm_begin();
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], 0));
    storm_end();
    CHECK(!pthread_sigmask(SIG_SETMASK, &before, 0));
}

int main(void)
{
    least = sysconf(_SC_MINSIGSTKSZ);
    CHECK(least >= MINSIGSTKSZ && least < 16384);
    if (getenv("UNILAB_SOAK"))
        wanted *= 10;
    storm(alternate, SA_ONSTACK, false);
    storm(alternate, SA_ONSTACK, true);
    storm(own, 0, true);
    SUCCESS();
}
