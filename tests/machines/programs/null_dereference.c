/* Reads through a null pointer. */
#include <stdio.h>

static int *volatile nowhere;

int main(void)
{
    puts("before");
    fflush(stdout);
    return *nowhere;
}
