/* Sends a datagram to its gateway; to have an address to send it from, it first asks for one and gets an answer. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = inet_addr("10.0.2.2")};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof to) != 5) {
        perror("sendto");
        return 1;
    }
    puts("sent");
    return 0;
}
