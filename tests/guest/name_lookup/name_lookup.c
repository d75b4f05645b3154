/* Finds its own address by DHCP and other hosts' by DNS, with the C library's own resolver. */
#include <netdb.h>

#include "../socket_check.h"

static void look_up(const char *name)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    int error = getaddrinfo(name, "80", &hints, &found);

    if (error) {
        printf("%s: %s\n", name, gai_strerror(error));
        return;
    }
    for (struct addrinfo *one = found; one; one = one->ai_next) {
        struct sockaddr_in *address = (struct sockaddr_in *)one->ai_addr;
        printf("%s: %s, port %d\n", name, inet_ntoa(address->sin_addr), ntohs(address->sin_port));
    }
    freeaddrinfo(found);
}

int main(void)
{
    look_up("course.example");
    look_up("missing.example");
    look_up("192.0.2.1");
    look_up("two.example");

    int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(9)};
    inet_aton("10.1.2.1", &server.sin_addr);
    must(connect(fd, (struct sockaddr *)&server, sizeof server), "connect");
    printf("this machine: %s\n", inet_ntoa(own_address(fd).sin_addr));
    char answer[4];
    send(fd, "done", 4, 0);
    recv(fd, answer, sizeof answer, 0); /* so it has come */
    puts("SUCCESS");
    return 0;
}
