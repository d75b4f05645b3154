/* Constructors before main, atexit() handlers after it in reverse, buffered output written at the end. */
#include "../check.h"

static int order;

__attribute__((constructor)) static void first(void)
{
    order = 1;
}

static void second_last(void)
{
    fputs("second last, ", stdout);
}

static void last(void)
{
    fputs("last", stdout);
}

int main(void)
{
    CHECK(order == 1);
    atexit(last);
    atexit(second_last);
    puts("SUCCESS");
    return 0;
}
