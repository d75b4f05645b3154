/* Data is not executable: a return instruction in an array is not code. */
#include <stdint.h>
#include <stdio.h>

unsigned char code[] = {0xc3};

int main(void)
{
    puts("calls data");
    ((void (*)(void))(uintptr_t)code)();
    return 0;
}
