/* What each thread has for itself: _Thread_local variables, errno, keys and their destructors. */
#define _GNU_SOURCE
#include "../check.h"
#include <limits.h>
#include <pthread.h>
#include <unistd.h>

enum { THREADS = 8 };

static _Thread_local int initialised = 41;
static _Thread_local char large[5000];
static _Thread_local struct {
    long a;
} __attribute__((aligned(64))) aligned;
static pthread_key_t key, again_key;
static int destroyed, again;

static void destroy(void *value)
{
    destroyed += *(int *)value;
}

/* A destructor may set a value anew: then there is another round. */
static void set_again(void *value)
{
    if (++again % 2)
        pthread_setspecific(again_key, value);
}

static void *run(void *argument)
{
    static _Thread_local int mine;

    CHECK(initialised == 41 && large[0] == 0 && large[4999] == 0 && (long)&aligned % 64 == 0);
    initialised = mine = *(int *)argument;
    large[4999] = (char)mine;
    errno = mine;
    CHECK(pthread_getspecific(key) == 0 && !pthread_setspecific(key, argument));
    CHECK(!pthread_setspecific(again_key, argument));
    for (int i = 0; i < 100; i++) {
        errno = mine;
        sched_yield();
        if (errno != mine || initialised != mine || large[4999] != (char)mine)
            return 0;
    }
    return pthread_getspecific(key);
}

int main(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS], sum = 0;

    CHECK(!pthread_key_create(&key, destroy) && !pthread_key_create(&again_key, set_again));
    initialised = 7;
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i + 1;
        sum += i + 1;
        CHECK(!pthread_create(&threads[i], 0, run, &numbers[i]));
    }
    for (int i = 0; i < THREADS; i++) {
        void *result;
        CHECK(!pthread_join(threads[i], &result) && result == &numbers[i]);
    }
    CHECK(destroyed == sum && again == 2 * THREADS && initialised == 7);
    CHECK(!pthread_key_delete(key) && !pthread_key_delete(again_key));

    pthread_key_t keys[PTHREAD_KEYS_MAX];
    int n = 0;
    while (n < PTHREAD_KEYS_MAX && !pthread_key_create(&keys[n], 0))
        n++;
    CHECK(n > 100 && (n == PTHREAD_KEYS_MAX || pthread_key_create(&key, 0) == EAGAIN));
    SUCCESS();
}
