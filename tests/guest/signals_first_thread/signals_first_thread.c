/* The first thread is made by a handler of an exception, in the middle of a handler of a signal that was sent. From then
 * on there are turns to take, in both handlers and after them, by whoever only computes. */
#define _GNU_SOURCE
#include "../check.h"
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

enum { LENGTH_OF_UD2 = 2, TURNS = 3 };

static volatile int turn, order[8], position;

/* Has the other thread's turn come without a call of any service? */
static void compute_until(int wanted)
{
    while (turn < wanted)
        ;
    order[position++] = wanted;
}

static volatile int asked;

static void *other(void *argument)
{
    while (turn < TURNS)
        if (asked > turn)
            turn = asked;
    return argument;
}

static void start(int sig, siginfo_t *info, void *context)
{
    pthread_t thread;

    (void)sig, (void)info;
    CHECK(!pthread_create(&thread, 0, other, 0));
    asked = 1;
    compute_until(1);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += LENGTH_OF_UD2;
}

static void sent(int sig)
{
    (void)sig;
    __asm__ volatile("ud2" : : : "memory");
    asked = 2;
    compute_until(2);
}

int main(void)
{
    struct sigaction started = {.sa_sigaction = start, .sa_flags = SA_SIGINFO};

    CHECK(!sigaction(SIGILL, &started, 0) && signal(SIGUSR1, sent) == SIG_DFL && !raise(SIGUSR1));
    asked = 3;
    compute_until(3);
    CHECK(position == 3 && order[0] == 1 && order[1] == 2 && order[2] == 3);
    SUCCESS();
}
