/* Leaves the processor no handler for its next exception: as a unikernel it resets, as a process it may not. */
#include <stdint.h>

int main(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) nothing = {0, 0};

    __asm__ volatile("lidt %0; int3" : : "m"(nothing));
    return 0;
}
