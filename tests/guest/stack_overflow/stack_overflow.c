/* Endless recursion ends at the guard page below the stack, with a report. */
#include <stdio.h>

static int deeper(volatile int *p)
{
    volatile int here = *p + 1;
    return deeper(&here) + here;
}

int main(void)
{
    volatile int zero = 0;

    puts("goes deeper");
    return deeper(&zero);
}
