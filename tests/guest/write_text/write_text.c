/* Code is read-only. */
#include <stdint.h>

int main(void)
{
    *(volatile char *)(uintptr_t)main = 0;
    return 0;
}
