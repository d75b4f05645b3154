/* Sends so many bytes to ADDRESS PORT, and ends at once. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    long left = argc == 4 ? atol(argv[3]) : 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char block[1000];

    if (argc != 4 || !inet_aton(argv[1], &to.sin_addr))
        return 2;
    to.sin_port = htons((uint16_t)atoi(argv[2]));
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) {
        perror("connect");
        return 1;
    }
    for (int i = 0; i < (int)sizeof block; i++)
        block[i] = (char)i;
    for (; left; left -= sizeof block)
        if (write(fd, block, sizeof block) != sizeof block)
            return 1;
    return 0;
}
