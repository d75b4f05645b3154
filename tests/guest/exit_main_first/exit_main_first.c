/* pthread_exit() in main ends only that thread; when the last is gone, the program exits with 0. */
#include "../check.h"
#include <pthread.h>
#include <unistd.h>

static pthread_t main_thread;

static void at_exit(void)
{
    puts("SUCCESS");
}

static void *outlive(void *argument)
{
    void *result;

    CHECK(!pthread_join(main_thread, &result) && result == &main_thread);
    usleep(1000);
    return argument;
}

int main(void)
{
    pthread_t thread;

    main_thread = pthread_self();
    atexit(at_exit);
    CHECK(!pthread_create(&thread, 0, outlive, 0));
    pthread_exit(&main_thread);
}
