/* A pointer to nowhere, through a library function: the backtrace leads to the caller. */
#include <string.h>
#include <stdint.h>

int main(void)
{
    return (int)strlen((const char *)(uintptr_t)0x123456789000);
}
