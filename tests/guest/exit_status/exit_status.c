/* The program's status reaches the host. */
#include <stdlib.h>

int main(void)
{
    exit(200);
}
