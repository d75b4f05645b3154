/* Constants are read-only. */
#include <stdio.h>

static const volatile int constant = 1;

int main(void)
{
    puts("writes to a constant");
    *(volatile int *)&constant = 2;
    return 0;
}
