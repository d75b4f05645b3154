/*
 * motd.c: prints the first line of a file on the disk, the message of the day.
 */
#include <stdio.h>

int main(void)
{
    char line[80] = "";
    FILE *file = fopen("/data/motd", "r");

    if (!file || !fgets(line, sizeof line, file))
        perror("/data/motd");
    fputs(line, stdout);
    return 0;
}
