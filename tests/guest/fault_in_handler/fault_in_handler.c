/* A fault while its own handler runs has no handler: it ends the program. */
#include <signal.h>
#include <stdio.h>

static void again(int sig)
{
    puts(sig == SIGSEGV ? "handling" : "what is that?");
    fflush(stdout);
    *(volatile int *)16 = 1;
}

int main(void)
{
    signal(SIGSEGV, again);
    *(volatile int *)8 = 1;
    puts("never reached");
    return 0;
}
