/* Prints what the library OS prints when it gives up, and ends as it would; but it is the program that ends. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    (void)argc;
    printf("libos: panic: just pretending\nlibos: ended by signal 6\n");
    return atoi(argv[1]);
}
