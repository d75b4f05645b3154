/* A pointer to nowhere, through a library function: the backtrace leads to the caller. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    puts("measures a text that is nowhere");
    return (int)strlen((const char *)(uintptr_t)0x123456789000);
}
