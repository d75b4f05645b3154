/* Thread-local variables of the only thread: initial values, zeroes, alignment. */
#include "../check.h"
#include <stdint.h>

static __thread int set = 42;
static __thread char zero[5000];
static __thread _Alignas(64) long aligned = 7;

int main(void)
{
    CHECK(set == 42);
    CHECK(aligned == 7);
    CHECK((uintptr_t)&aligned % 64 == 0);
    for (size_t i = 0; i < sizeof zero; i++)
        CHECK(zero[i] == 0);
    set = 1, zero[4999] = 1;
    CHECK(set == 1 && zero[4999] == 1 && aligned == 7);
    SUCCESS();
}
