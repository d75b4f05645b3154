/* Data is not executable: a return instruction in an array is not code. */
#include <stdint.h>

unsigned char code[] = {0xc3};

int main(void)
{
    ((void (*)(void))(uintptr_t)code)();
    return 0;
}
