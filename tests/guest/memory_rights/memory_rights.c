/* Rights are the page tables': what they forbid faults, with the address and the reason in the handler's siginfo. */
#define _GNU_SOURCE
#include "../check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { PAGE = 4096 };

static sigjmp_buf back;
static volatile int code;
static void *volatile at;

static void fault(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    code = info->si_code;
    at = info->si_addr;
    siglongjmp(back, 1);
}

/* The si_code of the fault that an access makes, 0 for none. */
#define FAULT(access) (code = 0, at = 0, sigsetjmp(back, 1) ? code : ((void)(access), 0))

typedef void function(void);

int main(void)
{
    struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO};
    char *p = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile char *page = p;

    CHECK(p != MAP_FAILED && !sigaction(SIGSEGV, &action, 0));
    page[PAGE] = (char)0xc3; /* ret */
    CHECK(FAULT(page[0] = 1) == 0);
    CHECK(!mprotect(p + PAGE, 2 * PAGE, PROT_READ));
    CHECK(FAULT(page[PAGE]) == 0);
    CHECK(FAULT(page[PAGE + 5] = 1) == SEGV_ACCERR && at == p + PAGE + 5);
    CHECK(FAULT(page[PAGE - 1] = 1) == 0 && FAULT(page[3 * PAGE] = 1) == 0);
    CHECK(FAULT(((function *)(p + PAGE))()) == SEGV_ACCERR && at == p + PAGE);
    CHECK(!mprotect(p + PAGE, PAGE, PROT_READ | PROT_EXEC) && FAULT(((function *)(p + PAGE))()) == 0);
    CHECK(FAULT(page[PAGE] = 1) == SEGV_ACCERR);
    CHECK(!mprotect(p + PAGE, PAGE, PROT_NONE) && FAULT(page[PAGE]) == SEGV_ACCERR && at == p + PAGE);
    CHECK(!mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE) && FAULT(page[PAGE] = 2) == 0);
    CHECK(!munmap(p + 2 * PAGE, PAGE) && FAULT(page[2 * PAGE]) == SEGV_MAPERR && at == p + 2 * PAGE);
    CHECK(FAULT(*(volatile int *)0) == SEGV_MAPERR && at == 0);
    CHECK(FAULT(*(volatile char *)main = 0) == SEGV_ACCERR);
    CHECK(FAULT(*(volatile char *)"constant" = 0) == SEGV_ACCERR);
    SUCCESS();
}
