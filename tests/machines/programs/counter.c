/* Says how often it has been here since memory was last fresh, and waits. */
#include <stdio.h>

static int visits;
static int *volatile also = &visits;

int main(void)
{
    char line[8];

    printf("visit %d\n", ++*also);
    fflush(stdout);
    return fgets(line, sizeof line, stdin) ? 5 : 6;
}
