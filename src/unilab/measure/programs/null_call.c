/* What does the cheapest service cost? Cycles for a call of getppid() and of a function that does nothing, in turn. With
 * -DBY_NUMBER, the call is made by syscall(), which learns only at run time which call is meant. */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#ifdef BY_NUMBER
#include <sys/syscall.h>
#define getppid() syscall(SYS_getppid)
#endif

enum { CALLS = 20000, ROUNDS = 21 };

__attribute__((noinline)) static int nothing(void)
{
    __asm__ volatile("");
    return 0;
}

int main(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = __builtin_ia32_rdtsc();
        for (int i = 0; i < CALLS; i++)
            nothing();
        uint64_t middle = __builtin_ia32_rdtsc();
        for (int i = 0; i < CALLS; i++)
            getppid();
        uint64_t end = __builtin_ia32_rdtsc();
        printf("%.2f %.2f\n", (double)(middle - start) / CALLS, (double)(end - middle) / CALLS);
    }
    return 0;
}
