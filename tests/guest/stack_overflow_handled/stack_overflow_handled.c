/* A stack that is used up is no place for a handler; an alternate one is. In main, and in a thread. */
#define _GNU_SOURCE
#include "../check.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

static sigjmp_buf back;
static volatile int depth, on_alternate;
static _Thread_local char alternate[16384];

static void overflow(int sig, siginfo_t *info, void *context)
{
    char here;

    (void)sig, (void)info, (void)context;
    on_alternate = &here >= alternate && &here < alternate + sizeof alternate;
    siglongjmp(back, 1);
}

static int deeper(int n)
{
    volatile char room[512];

    depth = n;
    room[n % 512] = (char)n;
    return deeper(n + 1) + room[n % 512];
}

static void *use_up(void *argument)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, now;

    CHECK(!sigaltstack(&stack, 0) && !sigaltstack(0, &now) && now.ss_sp == alternate && now.ss_flags == 0);
    for (int i = 0; i < 3; i++) {
        depth = on_alternate = 0;
        if (!sigsetjmp(back, 1))
            deeper(0);
        CHECK(on_alternate && depth > 50);
    }
    stack.ss_flags = SS_DISABLE;
    CHECK(!sigaltstack(&stack, &now) && now.ss_size == sizeof alternate);
    CHECK(!sigaltstack(0, &now) && now.ss_flags == SS_DISABLE);
    return argument;
}

static void on_which(int sig)
{
    stack_t now, other = {.ss_sp = alternate, .ss_size = sizeof alternate};

    (void)sig;
    CHECK(!sigaltstack(0, &now) && now.ss_flags == SS_ONSTACK);
    CHECK(sigaltstack(&other, 0) == -1 && errno == EPERM);
    on_alternate = 1;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    pthread_t thread;

    CHECK(!sigaction(SIGSEGV, &action, 0));
    use_up(0);
    CHECK(!pthread_create(&thread, 0, use_up, 0) && !pthread_join(thread, 0));

    /* Signals that are sent go there too. */
    struct sigaction sent = {.sa_handler = on_which, .sa_flags = SA_ONSTACK};
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, small = {.ss_sp = alternate, .ss_size = 100};
    on_alternate = 0;
    CHECK(!sigaltstack(&stack, 0) && !sigaction(SIGUSR1, &sent, 0) && !raise(SIGUSR1) && on_alternate);
    CHECK(sigaltstack(&small, 0) == -1 && errno == ENOMEM);
    SUCCESS();
}
