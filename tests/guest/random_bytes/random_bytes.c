/* Random bytes differ from draw to draw and look evenly spread. */
#include "../check.h"
#include <sys/random.h>

int main(void)
{
    static unsigned char a[4096], b[4096];
    int ones = 0;

    CHECK(getrandom(a, sizeof a, 0) == sizeof a && getrandom(b, sizeof b, 0) == sizeof b);
    CHECK(memcmp(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++)
        ones += __builtin_popcount(a[i]);
    /* 16384 expected of 32768; a standard deviation is 90. */
    CHECK(ones > 16384 - 900 && ones < 16384 + 900);
    SUCCESS();
}
