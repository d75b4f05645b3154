/* abort() ends the machine with the status a shell would show. */
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    puts("aborts");
    abort();
}
