/* Calls a port of the gateway, which is this host: says whether it got through. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

int main(int argc, char **argv)
{
    struct sockaddr_in gateway = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(argv[argc - 1]))};
    struct timeval patience = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "10.0.2.2", &gateway.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    puts(connect(fd, (struct sockaddr *)&gateway, sizeof gateway) ? "refused" : "through");
    return 0;
}
