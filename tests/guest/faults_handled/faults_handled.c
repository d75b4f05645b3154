/* Exceptions as signals: what the handler is told, that it may change where and how the program goes on, or jump out. */
#define _GNU_SOURCE
#include "../check.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int seen, code;
static void *volatile at;
static sigjmp_buf back;
static char *page;

static void note(int sig, siginfo_t *info)
{
    seen = sig;
    code = info->si_code;
    at = info->si_addr;
}

static void jump(int sig, siginfo_t *info, void *context)
{
    (void)context;
    note(sig, info);
    siglongjmp(back, 1);
}

/* Goes on behind the instruction, which is of two bytes. */
static void skip(int sig, siginfo_t *info, void *context)
{
    note(sig, info);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

/* Mends what was wrong, so that the instruction works the second time. */
static void mend(int sig, siginfo_t *info, void *context)
{
    (void)context;
    note(sig, info);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static volatile int usr1;

static void note_usr1(int sig)
{
    (void)sig;
    usr1++;
}

/* Sends what its mask keeps out until it returns. */
static void send_blocked(int sig, siginfo_t *info, void *context)
{
    skip(sig, info, context);
    raise(SIGUSR1);
    CHECK(usr1 == 0);
}

static void change_register(int sig, siginfo_t *info, void *context)
{
    note(sig, info);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 42;
}

static void handle(int sig, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

    seen = 0;
    CHECK(!sigaction(sig, &action, 0));
}

static void *fault_in_thread(void *argument)
{
    if (!sigsetjmp(back, 1))
        *(volatile int *)argument = 1;
    return seen == SIGSEGV && at == argument ? argument : 0;
}

int main(void)
{
    long rax = 7;
    sigset_t mask;

    handle(SIGFPE, jump);
    if (!sigsetjmp(back, 1))
        __asm__ volatile("idivl %0" : : "r"(0), "a"(1), "d"(0));
    CHECK(seen == SIGFPE && code == FPE_INTDIV);

    handle(SIGILL, skip);
    __asm__ volatile("ud2");
    CHECK(seen == SIGILL && code == ILL_ILLOPN);

    struct sigaction sends = {.sa_sigaction = send_blocked, .sa_flags = SA_SIGINFO};
    sigaddset(&sends.sa_mask, SIGUSR1);
    CHECK(!sigaction(SIGILL, &sends, 0) && signal(SIGUSR1, note_usr1) == SIG_DFL);
    __asm__ volatile("ud2" : : : "memory");
    int sent_by_then = usr1;
    CHECK(sent_by_then == 1);

    handle(SIGTRAP, change_register);
    __asm__ volatile("int3" : "+a"(rax));
    CHECK(seen == SIGTRAP && rax == 42);

    handle(SIGSEGV, mend);
    page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    page[5] = 1;
    CHECK(seen == SIGSEGV && code == SEGV_ACCERR && at == page + 5 && page[5] == 1);

    /* The mask is as before after a jump, and what the handler's frame had is not kept. */
    handle(SIGSEGV, jump);
    for (int i = 0; i < 1000; i++)
        if (!sigsetjmp(back, 1))
            *(volatile int *)8 = 1;
    CHECK(seen == SIGSEGV && code == SEGV_MAPERR && at == (void *)8);
    CHECK(!sigprocmask(SIG_SETMASK, 0, &mask) && !sigismember(&mask, SIGSEGV));

    /* The red zone below the stack pointer, and the floating-point registers, survive a handler that uses both. */
    double kept = 1.5;
    long word = 0x1234;
    handle(SIGILL, skip);
    __asm__ volatile("movsd %1, %%xmm7; mov %2, -8(%%rsp); ud2; mov -8(%%rsp), %2; movsd %%xmm7, %0"
                     : "=m"(kept), "+m"(kept), "+r"(word)
                     :
                     : "xmm7", "memory");
    CHECK(seen == SIGILL && kept == 1.5 && word == 0x1234);

    pthread_t thread;
    void *result;
    handle(SIGSEGV, jump);
    CHECK(!pthread_create(&thread, 0, fault_in_thread, (void *)16) && !pthread_join(thread, &result));
    CHECK(result == (void *)16);

    /* A call to nowhere, and an address that is none. */
    if (!sigsetjmp(back, 1))
        ((void (*volatile)(void))24)();
    CHECK(at == (void *)24);
    if (!sigsetjmp(back, 1))
        *(volatile int *)0x123456789abcdef0 = 1;
    CHECK(seen == SIGSEGV);
    SUCCESS();
}
