/* Prints the files it is given the names of, and where it is. */
#include <stdio.h>

int main(int argc, char **argv)
{
    char text[256];

    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");

        if (!file) {
            perror(argv[i]);
            continue;
        }
        size_t n = fread(text, 1, sizeof text, file);
        printf("%s: %.*s\n", argv[i], (int)n, text);
        fclose(file);
    }
    FILE *file = fopen("made", "w");
    printf("made: %s\n", file ? "yes" : "no");
    return 0;
}
