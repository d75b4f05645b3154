/* The first program of the course: it knows nothing of unikernels. */
#include <stdio.h>

int main(void)
{
    printf("hello, world\n");
    return 0;
}
