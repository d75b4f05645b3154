/* Leaves a child behind that holds on to its terminal, and says the child's number. For processes only. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    int child = fork();

    if (child == 0)
        for (;;)
            pause();
    printf("%d\n", child);
    return 0;
}
