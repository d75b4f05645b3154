/* Says that it runs, and never ends. */
#include <stdio.h>

int main(void)
{
    puts("running");
    for (volatile unsigned long n = 0;; n++)
        ;
}
