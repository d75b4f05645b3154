/* Prints letters of one to four bytes, a byte at a time. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    static const char letters[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7\n";

    for (int times = 0; times < 200; times++)
        for (const char *byte = letters; *byte; byte++)
            write(STDOUT_FILENO, byte, 1);
    return 0;
}
