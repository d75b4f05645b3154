/* Becomes the program that its arguments name, at once. For processes only. */
#include <unistd.h>

int main(int argc, char **argv)
{
    (void)argc;
    execv(argv[1], argv + 1);
    return 1;
}
