/* Passes two functions on its way. */
#include <stdio.h>

__attribute__((noinline)) void first(void)
{
    puts("first");
    fflush(stdout);
}

__attribute__((noinline)) void second(void)
{
    puts("second");
    fflush(stdout);
}

__attribute__((noinline, used)) void never(void)
{
    puts("never");
}

static void (*volatile on_the_way)(void) = never;

int main(int argc, char **argv)
{
    (void)argv;
    first();
    second();
    if (argc > 5)
        on_the_way();
    return 3;
}
