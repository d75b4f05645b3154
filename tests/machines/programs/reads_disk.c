/* Reads a file on its disk. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    char text[64];
    int file = open("/data/motd", O_RDONLY);
    ssize_t length = read(file, text, sizeof text);

    if (length > 0)
        printf("%.*s", (int)length, text);
    return length <= 0;
}
