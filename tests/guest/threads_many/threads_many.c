/* As many threads as there is memory for, then EAGAIN, then again; a thousand one after the other; detached ones. */
#include "../check.h"
#include <pthread.h>
#include <semaphore.h>

enum { MOST = 2000 };

static pthread_t threads[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int arrived, leave;
static sem_t done;

static void *count(void *argument)
{
    ++*(long *)argument;
    return argument;
}

static void *stay(void *argument)
{
    pthread_mutex_lock(&lock);
    arrived++;
    pthread_cond_broadcast(&changed);
    while (!leave)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return argument;
}

static void *post(void *argument)
{
    sem_post(&done);
    return argument;
}

static int fill(void)
{
    int n = 0, result = 0;

    arrived = leave = 0;
    while (n < MOST && !(result = pthread_create(&threads[n], 0, stay, &threads[n])))
        n++;
    CHECK(result == EAGAIN);
    pthread_mutex_lock(&lock);
    while (arrived < n)
        pthread_cond_wait(&changed, &lock);
    leave = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < n; i++) {
        void *result;
        CHECK(!pthread_join(threads[i], &result) && result == &threads[i]);
    }
    return n;
}

int main(void)
{
    long counter = 0;
    void *result;

    for (int i = 0; i < 1000; i++)
        CHECK(!pthread_create(&threads[0], 0, count, &counter) && !pthread_join(threads[0], &result) &&
              result == &counter);
    CHECK(counter == 1000);

    int first = fill(), second = fill();
    CHECK(first == second && first > 50);

    pthread_attr_t detached;
    sem_init(&done, 0, 0);
    CHECK(!pthread_attr_init(&detached) && !pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED));
    for (int i = 0; i < 1000; i++) {
        CHECK(!pthread_create(&threads[0], i % 2 ? &detached : 0, post, 0));
        if (i % 2 == 0)
            CHECK(!pthread_detach(threads[0]));
        CHECK(!sem_wait(&done));
    }
    CHECK(fill() == first);
    SUCCESS();
}
