/* Traps by an instruction of its own before it gets to where it may be stopped. */
#include <signal.h>
#include <stdio.h>

static void on_trap(int number)
{
    printf("signal %d\n", number);
    fflush(stdout);
}

__attribute__((noinline)) void goal(void)
{
    puts("goal");
}

int main(void)
{
    signal(SIGTRAP, on_trap);
    __asm__ volatile("int3");
    goal();
    return 0;
}
