/* Sends 64 KiB to port 7 of ADDRESS and checks what comes back, COUNT times, each time on a new connection. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 65536 };

static char sent[SIZE], received[SIZE];

static void *send_all(void *argument)
{
    int fd = *(int *)argument;

    if (send(fd, sent, SIZE, 0) != SIZE)
        perror("send");
    shutdown(fd, SHUT_WR);
    return NULL;
}

static int transfer(const struct sockaddr_in *to)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t sender;

    for (int i = 0; i < SIZE; i++)
        sent[i] = (char)rand();
    if (connect(fd, (const struct sockaddr *)to, sizeof *to)) {
        perror("connect");
        return 0;
    }
    pthread_create(&sender, NULL, send_all, &fd);
    char more;
    long n = recv(fd, received, SIZE, MSG_WAITALL), end = recv(fd, &more, 1, 0);
    pthread_join(sender, NULL);
    close(fd);
    if (n != SIZE || end != 0 || memcmp(sent, received, SIZE)) {
        printf("%ld bytes came, then %ld\n", n, end);
        return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(7)};
    int count = argc == 3 ? atoi(argv[2]) : 0;

    if (argc != 3 || !inet_aton(argv[1], &to.sin_addr))
        return 2;
    for (int i = 0; i < count; i++)
        if (!transfer(&to))
            return 1;
    printf("%d transfers\n", count);
    return 0;
}
