/* The threads of C11: thrd_, mtx_, cnd_, tss_, call_once. */
#include "../check.h"
#include <threads.h>
#include <time.h>

static mtx_t lock;
static cnd_t changed;
static tss_t slot;
static once_flag once = ONCE_FLAG_INIT;
static int counter, onces, destroyed;

static void init(void)
{
    onces++;
}

static void destroy(void *value)
{
    (void)value;
    destroyed++;
}

static int add(void *argument)
{
    call_once(&once, init);
    CHECK(tss_set(slot, argument) == thrd_success && tss_get(slot) == argument);
    for (int i = 0; i < 1000; i++) {
        CHECK(mtx_lock(&lock) == thrd_success);
        counter++;
        CHECK(mtx_unlock(&lock) == thrd_success);
        if (i % 100 == 0)
            thrd_yield();
    }
    mtx_lock(&lock);
    cnd_signal(&changed);
    mtx_unlock(&lock);
    return *(int *)argument;
}

int main(void)
{
    thrd_t threads[4];
    int numbers[4] = {1, 2, 3, 4}, result;
    struct timespec until;

    CHECK(mtx_init(&lock, mtx_timed) == thrd_success && cnd_init(&changed) == thrd_success);
    CHECK(tss_create(&slot, destroy) == thrd_success);
    for (int i = 0; i < 4; i++)
        CHECK(thrd_create(&threads[i], add, &numbers[i]) == thrd_success);
    mtx_lock(&lock);
    while (counter < 4000)
        CHECK(cnd_wait(&changed, &lock) == thrd_success);
    CHECK(mtx_trylock(&lock) == thrd_busy);
    timespec_get(&until, TIME_UTC);
    CHECK(cnd_timedwait(&changed, &lock, &until) == thrd_timedout || counter == 4000);
    CHECK(mtx_timedlock(&lock, &until) == thrd_timedout);
    mtx_unlock(&lock);
    for (int i = 0; i < 4; i++)
        CHECK(thrd_join(threads[i], &result) == thrd_success && result == i + 1);
    CHECK(counter == 4000 && onces == 1 && destroyed == 4);
    CHECK(thrd_sleep(&(struct timespec){.tv_nsec = 1000000}, 0) == 0);
    CHECK(thrd_equal(thrd_current(), thrd_current()));
    SUCCESS();
}
