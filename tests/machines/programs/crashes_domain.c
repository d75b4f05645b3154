/* Ends in kernel mode with a stack that is not there: Xen cannot even hand over the exception. Built with the library
 * OS's own headers. */
#include "cpu.h"

int main(void)
{
    privileged_begin();
    __asm__ volatile("mov $0x10, %rsp; push %rax");
    return 0;
}
