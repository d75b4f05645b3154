/* Starts processes until it may not start any more, or has started as many as it is told, and waits for the end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int most = argc > 1 ? atoi(argv[1]) : 100000, started = 0;

    while (started < most) {
        pid_t child = fork();
        if (child < 0)
            break;
        if (child == 0)
            for (;;)
                pause();
        started++;
    }
    printf("started %d%s%s\n", started, started < most ? ": " : "", started < most ? strerror(errno) : "");
    fflush(stdout);
    for (;;)
        pause();
}
