/* Exceptions other than page faults are reported by name. */
#include <stdio.h>

int main(void)
{
    volatile int one = 1, zero = 0;

    puts("divides");
    return one / zero;
}
