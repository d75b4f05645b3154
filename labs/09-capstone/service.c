/*
 * service.c: tally, a small store of values and counters, for many clients at once. Yours to complete; README.md has the
 * protocol.
 *
 *   service PORT
 *
 * It must know nothing of unikernels, and run as one.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* A socket that listens at a port of all this machine's addresses. */
static int listen_at(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) {
        perror("tally");
        exit(1);
    }
    return listener;
}

int main(int argc, char **argv)
{
    int listener = listen_at(argc > 1 ? atoi(argv[1]) : 4711);

    /* When clients may come, say: tally: listening */
    (void)listener;
    puts("tally: it is yours to write");
    return 1;
}
