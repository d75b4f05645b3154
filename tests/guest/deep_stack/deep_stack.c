/* The main stack grows to nearly 8 MiB as it is used. */
#include "../check.h"

static int depth(int n)
{
    volatile char frame[1024];

    frame[0] = (char)n;
    return n ? depth(n - 1) + (frame[0] == (char)n) : 0;
}

int main(void)
{
    CHECK(depth(7000) == 7000);
    SUCCESS();
}
