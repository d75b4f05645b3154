/* SPDX-License-Identifier: MIT */
/* Signals at their edges: numbers that are none, sets of another size, whom they are sent to, waits for none. */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../say.h"

enum { NOBODY = 1 << 22 };

static void handle(int sig)
{
    printf("signal %d\n", sig);
}

int main(void)
{
    struct timespec zero = {0}, large = {.tv_nsec = 1000000000}, negative = {.tv_sec = -1};
    struct sigaction action = {.sa_handler = handle}, before;
    uint64_t none = 0, users = 1ull << (SIGUSR1 - 1), got = 0;
    sigset_t set;
    stack_t stack = {.ss_sp = &set, .ss_size = 16}, old;

    SAY(kill(getpid(), 0));
    SAY(kill(getpid(), 65));
    SAY(kill(getpid(), -1));
    SAY(kill(0, 0));
    SAY(kill(NOBODY, 0));
    SAY(kill(NOBODY, SIGUSR1));
    SAY(syscall(SYS_tkill, gettid(), 0));
    SAY(syscall(SYS_tkill, gettid(), 65));
    SAY(syscall(SYS_tkill, 0, 0));
    SAY(syscall(SYS_tkill, -1, 0));
    SAY(syscall(SYS_tkill, NOBODY, 0));
    SAY(syscall(SYS_tgkill, getpid(), gettid(), 0));
    SAY(syscall(SYS_tgkill, getpid(), 0, 0));
    SAY(syscall(SYS_tgkill, 0, gettid(), 0));
    SAY(syscall(SYS_tgkill, getpid(), NOBODY, 0));
    SAY(syscall(SYS_tgkill, NOBODY, gettid(), 0));

    SAY(sigaction(0, &action, NULL));
    SAY(sigaction(65, &action, NULL));
    SAY(sigaction(SIGKILL, &action, NULL));
    SAY(sigaction(SIGSTOP, &action, NULL));
    SAY(sigaction(SIGKILL, NULL, &before));
    SAY(sigaction(SIGUSR1, &action, &before));
    printf("%d\n", before.sa_handler == SIG_DFL);
    SAY(sigaction(SIGUSR1, NULL, &before));
    printf("%d\n", before.sa_handler == handle);

    SAY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &none, NULL, 4));
    SAY(syscall(SYS_rt_sigprocmask, 99, &none, NULL, 8));
    SAY(syscall(SYS_rt_sigprocmask, 99, NULL, &got, 8));
    SAY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &(uint64_t){UINT64_MAX}, NULL, 8));
    SAY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, &got, 8));
    printf("%llx\n", (unsigned long long)got);
    SAY(syscall(SYS_rt_sigpending, &got, 4));
    SAY(syscall(SYS_rt_sigsuspend, &none, 4));
    SAY(syscall(SYS_rt_sigtimedwait, &users, NULL, &zero, 4));
    SAY(syscall(SYS_rt_sigtimedwait, &users, NULL, &zero, 8));
    SAY(syscall(SYS_rt_sigtimedwait, &users, NULL, &large, 8));
    SAY(syscall(SYS_rt_sigtimedwait, &users, NULL, &negative, 8));
    SAY(syscall(SYS_rt_sigtimedwait, &none, NULL, &zero, 8));

    SAY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &users, NULL, 8));
    SAY(raise(SIGUSR1));
    SAY(syscall(SYS_rt_sigpending, &got, 8));
    printf("%llx\n", (unsigned long long)got);
    SAY(syscall(SYS_rt_sigtimedwait, &users, NULL, &zero, 8));
    SAY(raise(SIGUSR1));
    SAY(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &users, NULL, 8));
    SAY(sigqueue(getpid(), 65, (union sigval){1}));
    SAY(sigqueue(NOBODY, SIGUSR1, (union sigval){1}));
    SAY(sigqueue(getpid(), 0, (union sigval){1}));

    SAY(sigaltstack(&stack, NULL));
    stack.ss_flags = 99;
    SAY(sigaltstack(&stack, NULL));
    SAY(sigaltstack(NULL, &old));
    printf("%d\n", old.ss_flags);
    puts("SUCCESS");
    return 0;
}
