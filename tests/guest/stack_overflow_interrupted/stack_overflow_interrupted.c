/* Stacks that run over while interrupts come as fast as they can, so that it is now the program's push, now the
 * interrupt, and now the handler of the interrupt's signal that finds no room: the program's handler of SIGSEGV is called
 * all the same. With the other on the alternate stack, too, and then not. */
#define _GNU_SOURCE
#include "../check.h"

#include "../storm.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

enum { THREADS = 3, STACK = 8192, LEAST_RINGS = 300 };

static _Thread_local sigjmp_buf back;
static _Thread_local char alternate[16384];
static _Thread_local long overflows;
static volatile long rings;

static void ring(int sig)
{
    (void)sig;
    rings++;
}

static void overflow(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)info, (void)context;
    overflows++;
    siglongjmp(back, 1);
}

static int deeper(int n)
{
    volatile char room[64];

    room[n % 64] = (char)n;
    return deeper(n + 1) + room[n % 64];
}

static void *use_up(void *argument)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    volatile long rounds = 0;

    CHECK(!sigaltstack(&stack, 0));
    while (rings < LEAST_RINGS) {
        rounds++;
        progress++;
        if (!sigsetjmp(back, 1))
            deeper(0);
    }
    CHECK(overflows == rounds);
    return argument;
}

static void storm(int flags)
{
    struct sigaction handled = {.sa_sigaction = overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK},
                     rung = {.sa_handler = ring, .sa_flags = flags | SA_RESTART};
    pthread_attr_t attributes;
    pthread_t threads[THREADS];

    CHECK(!sigaction(SIGSEGV, &handled, 0) && !sigaction(SIGALRM, &rung, 0));
    CHECK(!pthread_attr_init(&attributes) && !pthread_attr_setstacksize(&attributes, STACK));
    rings = 0;
    storm_begin();
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], &attributes, use_up, 0));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], 0));
    storm_end();
}

int main(void)
{
    storm(SA_ONSTACK);
    storm(0);
    SUCCESS();
}
