/* A program may use any name that C leaves to it, also those that the library OS uses for itself. */
#include "../check.h"
#include <time.h>

int panic = 1, trap_stubs = 2, boot_pml4 = 3;

int start(int n)
{
    return n + 1;
}

int frame_alloc(void)
{
    return 5;
}

int machine_exit(void)
{
    return 6;
}

long console_write(const char *s)
{
    return (long)strlen(s);
}

int main(void)
{
    struct timespec now;
    void *block = malloc(100000);

    CHECK(block && !clock_gettime(CLOCK_MONOTONIC, &now));
    CHECK(panic + trap_stubs + boot_pml4 == 6 && start(1) == 2);
    CHECK(frame_alloc() == 5 && machine_exit() == 6 && console_write("seven") == 5);
    SUCCESS();
}
