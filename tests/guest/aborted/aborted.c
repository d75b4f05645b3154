/* abort() ends the machine with the status a shell would show. */
#include <stdlib.h>

int main(void)
{
    abort();
}
