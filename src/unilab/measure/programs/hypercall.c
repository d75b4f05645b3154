/* What does asking Xen cost? Cycles for a function that does nothing, a call of the library OS, and the cheapest
 * hypercall: from kernel mode, where Xen serves it, and from user mode, where Xen passes it to kernel mode first. It is
 * compiled with the library OS's own headers. */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "cpu.h"

enum { CALLS = 2000, ROUNDS = 11 };

__attribute__((noinline)) static int nothing(void)
{
    __asm__ volatile("");
    return 0;
}

static double since(uint64_t start)
{
    return (double)(rdtsc() - start) / CALLS;
}

int main(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = rdtsc();
        for (int i = 0; i < CALLS; i++)
            nothing();
        double function = since(start);
        start = rdtsc();
        for (int i = 0; i < CALLS; i++)
            getppid();
        double call = since(start);
        start = rdtsc();
        for (int i = 0; i < CALLS; i++)
            hypercall(XEN_VERSION, 0, 0, 0, 0);
        double from_user = since(start);
        bool begun = privileged_begin();
        start = rdtsc();
        for (int i = 0; i < CALLS; i++)
            hypercall(XEN_VERSION, 0, 0, 0, 0);
        double from_kernel = since(start);
        privileged_end(begun);
        printf("%.1f %.1f %.1f %.1f\n", function, call, from_kernel, from_user);
    }
    return 0;
}
