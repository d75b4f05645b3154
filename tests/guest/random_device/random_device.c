/* SPDX-License-Identifier: MIT */
/* Random bytes without any of the processor's: from a device if there is one, to several threads at once. */
#include <pthread.h>
#include <sys/random.h>

#include "../check.h"

enum { THREADS = 12, BYTES = 3001 };

static unsigned char drawn[THREADS][BYTES];

static void *draw(void *arg)
{
    unsigned char *own = arg;

    CHECK(getrandom(own, BYTES, 0) == BYTES);
    return 0;
}

int main(void)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], 0, draw, drawn[i]) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], 0) == 0);
    for (int i = 0; i < THREADS; i++) {
        int ones = 0;

        for (int j = 0; j < BYTES; j++)
            ones += __builtin_popcount(drawn[i][j]);
        /* 12,004 expected of 24,008; a standard deviation is 77. */
        CHECK(ones > 12004 - 800 && ones < 12004 + 800);
        for (int j = 0; j < i; j++)
            CHECK(memcmp(drawn[i], drawn[j], BYTES));
    }
    SUCCESS();
}
