/* A null pointer faults, and the report says so, down to the line. */
#include <stdio.h>

__attribute__((noinline)) static int follow(volatile int *pointer)
{
    return *pointer;
}

int main(void)
{
    puts("follows a null pointer");
    return follow(NULL) + 1;
}
