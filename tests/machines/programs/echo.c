/* Gives back each line it reads, and says when there are no more. */
#include <stdio.h>

int main(void)
{
    char line[256];

    setvbuf(stdout, NULL, _IONBF, 0);
    printf("name? ");
    while (fgets(line, sizeof line, stdin))
        printf("<%.*s>", (int)__builtin_strlen(line) - (line[__builtin_strlen(line) - 1] == '\n'), line);
    printf(" end\n");
    return 0;
}
