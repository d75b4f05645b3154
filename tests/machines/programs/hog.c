/* Takes memory until there is none left, and says how much it got. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20 };

static char *volatile last;

int main(void)
{
    int got = 0;

    while ((last = malloc(MIB))) {
        memset(last, 1, MIB);
        got++;
    }
    printf("%d MiB\n", got);
    return 0;
}
