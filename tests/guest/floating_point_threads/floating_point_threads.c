/* Registers of SSE and of the x87 belong to the thread: threads that compute with both, and are interrupted while they
 * do, and threads that wait in between, all get the same sums; rounding and exception flags are each thread's own. */
#include "../check.h"
#include <fenv.h>
#include <pthread.h>
#include <sched.h>

enum { THREADS = 6, ROUNDS = 8 };

static double vectors_expected[THREADS];
static long double sums_expected[THREADS];
static volatile int comparing;

static double vectors(int seed)
{
    typedef double four __attribute__((vector_size(32)));
    four x = {1.5 + seed, 2.25, 3.125, 4.0625}, sum = {0};

    for (int i = 0; i < 10000; i++) {
        sum += x;
        x = x * 1.0001 + 1.0 / (i + 1);
        if (x[0] > 1e6)
            x /= 1e5;
    }
    return sum[0] + sum[1] + sum[2] + sum[3];
}

/* Deep enough to need most of the x87's eight registers. */
static long double x87(int seed)
{
    long double a = seed + 1, sum = 0;

    for (int i = 1; i < 1000; i++) {
        long double b = 1 / (a + i), c = b * b + 1;
        sum += (a + (b + (c + (a * b + (b * c + (c * a + a / (b + c)))))));
        a = 1 + seed / (c + i);
    }
    return sum;
}

static void *compute(void *argument)
{
    int seed = (int)(long)argument;

    /* Each with another rounding, or this thread's sums would hide that it had another's. */
    static const int roundings[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    CHECK(!fesetround(roundings[seed % 4]));
    if (!comparing) {
        vectors_expected[seed] = vectors(seed);
        sums_expected[seed] = x87(seed);
        return 0;
    }
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(vectors(seed) == vectors_expected[seed]);
        if (seed % 2)
            sched_yield();
        CHECK(x87(seed) == sums_expected[seed]);
        CHECK(fegetround() == roundings[seed % 4]);
    }
    return 0;
}

/* Of two threads one divides by zero; the flag is not the other's. */
static void *flags(void *argument)
{
    volatile double zero = 0, one = 1;
    volatile long double long_zero = 0, long_one = 1;

    feclearexcept(FE_ALL_EXCEPT);
    sched_yield();
    if (argument) {
        zero = one / zero;
        long_zero = long_one / long_zero;
    }
    sched_yield();
    sched_yield();
    CHECK(!fetestexcept(FE_DIVBYZERO) == !argument);
    return 0;
}

static void run(void *(*fn)(void *), int one_by_one)
{
    pthread_t threads[THREADS];

    for (long i = 0; i < THREADS; i++) {
        CHECK(!pthread_create(&threads[i], 0, fn, (void *)i));
        if (one_by_one)
            CHECK(!pthread_join(threads[i], 0));
    }
    for (int i = 0; i < THREADS && !one_by_one; i++)
        CHECK(!pthread_join(threads[i], 0));
}

int main(void)
{
    pthread_t threads[2];

    run(compute, 1);
    comparing = 1;
    run(compute, 0);
    for (long i = 0; i < 2; i++)
        CHECK(!pthread_create(&threads[i], 0, flags, (void *)i));
    for (int i = 0; i < 2; i++)
        CHECK(!pthread_join(threads[i], 0));
    SUCCESS();
}
