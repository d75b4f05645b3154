/* Prints ten million bytes: a hundred thousand numbered lines of a hundred bytes. */
#include <stdio.h>

int main(void)
{
    for (int line = 0; line < 100000; line++)
        printf("%08d %090d\n", line, 0);
    return 0;
}
