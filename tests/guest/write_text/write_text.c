/* Code is read-only. */
#include <stdint.h>
#include <stdio.h>

int main(void)
{
    puts("writes to code");
    *(volatile char *)(uintptr_t)main = 0;
    return 0;
}
