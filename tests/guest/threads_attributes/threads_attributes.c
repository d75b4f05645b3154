/* What a thread may be given: a stack of a size, a stack of one's own, no guard; and what it may say of itself. */
#define _GNU_SOURCE
#include "../check.h"
#include <fenv.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static char own[65536] __attribute__((aligned(4096)));
static char *low, *high;

static void *where(void *argument)
{
    char here;
    pthread_attr_t attributes;
    void *stack;
    size_t size;

    CHECK(!pthread_getattr_np(pthread_self(), &attributes) && !pthread_attr_getstack(&attributes, &stack, &size));
    low = stack;
    high = low + size;
    CHECK(&here > low && &here < high);
    return argument;
}

static void *use_most(void *argument)
{
    size_t size = (size_t)argument;
    volatile char room[size];

    for (size_t i = 0; i < size; i += 512)
        room[i] = (char)i;
    return (void *)(uintptr_t)(room[512] == 0);
}

static void *aligned(void *argument)
{
    (void)argument;
    return (void *)(((uintptr_t)__builtin_frame_address(0)) % 16);
}

static void *rounding(void *argument)
{
    (void)argument;
    return (void *)(intptr_t)fegetround();
}

/* A thread with the least stack that POSIX allows computes long enough to be interrupted many times. */
static void *compute(void *argument)
{
    volatile long sum = 0;

    for (long i = 0; i < 30000000; i++)
        sum = sum + i;
    return argument;
}

int main(void)
{
    pthread_attr_t attributes;
    pthread_t thread, other;
    void *result;

    CHECK(!pthread_attr_init(&attributes));
    CHECK(!pthread_create(&thread, &attributes, where, 0) && !pthread_join(thread, 0) && high - low >= 65536);
    CHECK(!pthread_create(&thread, 0, aligned, 0) && !pthread_join(thread, &result) && result == 0);

    CHECK(!pthread_attr_setstacksize(&attributes, 1 << 20));
    CHECK(!pthread_create(&thread, &attributes, use_most, (void *)(1000 << 10)) && !pthread_join(thread, &result));
    CHECK(result == (void *)1);

    CHECK(pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN - 1) == EINVAL);
    CHECK(!pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN) && !pthread_attr_setguardsize(&attributes, 0));
    CHECK(!pthread_create(&thread, &attributes, compute, &thread));
    CHECK(!pthread_create(&other, &attributes, compute, &other));
    CHECK(!pthread_join(thread, &result) && result == &thread);
    CHECK(!pthread_join(other, &result) && result == &other);

    CHECK(!pthread_attr_setstack(&attributes, own, sizeof own));
    CHECK(!pthread_create(&thread, &attributes, where, 0) && !pthread_join(thread, 0));
    CHECK(low >= own && high <= own + sizeof own);

    CHECK(!fesetround(FE_UPWARD));
    CHECK(!pthread_create(&thread, 0, rounding, 0) && !pthread_join(thread, &result));
    CHECK(result == (void *)FE_UPWARD);
    CHECK(!fesetround(FE_TONEAREST));

    where(0); /* main's own */
    CHECK(pthread_equal(pthread_self(), pthread_self()));
    SUCCESS();
}
