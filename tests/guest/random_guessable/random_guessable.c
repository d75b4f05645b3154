/* SPDX-License-Identifier: MIT */
/* With neither a processor nor a device that is random, there are bytes all the same, and one warning. */
#include <sys/random.h>

#include "../check.h"

int main(void)
{
    unsigned char a[64] = {0}, b[64] = {0};

    CHECK(getrandom(a, sizeof a, 0) == sizeof a && getrandom(b, sizeof b, 0) == sizeof b);
    CHECK(memcmp(a, b, sizeof a));
    SUCCESS();
}
