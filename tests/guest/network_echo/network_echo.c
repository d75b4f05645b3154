/* Echoes what comes to port 7, by TCP and UDP, until a datagram comes that says "stop". */
#include "../socket_check.h"

enum { PORT = 7, MOST = 64 };

static void echo_datagram(int fd)
{
    char buf[2000];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    long n = recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &len);

    if (n == 4 && !memcmp(buf, "stop", 4)) {
        puts("SUCCESS");
        exit(0);
    }
    if (n >= 0)
        sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len);
}

static void echo_bytes(int fd)
{
    char buf[4096];
    long n = recv(fd, buf, sizeof buf, 0);

    if (n <= 0 || send(fd, buf, (size_t)n, 0) != n)
        close(fd);
}

int main(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct epoll_event event = {.events = EPOLLIN}, events[MOST];
    int epoll = epoll_create1(0);
    int datagrams = must(socket(AF_INET, SOCK_DGRAM, 0), "socket"),
        listener = must(socket(AF_INET, SOCK_STREAM, 0), "socket");

    signal(SIGPIPE, SIG_IGN);
    must(bind(listener, (struct sockaddr *)&any, sizeof any), "bind");
    must(listen(listener, MOST), "listen");
    must(bind(datagrams, (struct sockaddr *)&any, sizeof any), "bind");
    event.data.fd = datagrams;
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, datagrams, &event), "epoll_ctl");
    event.data.fd = listener;
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event), "epoll_ctl");
    puts("listening");
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(epoll, events, MOST, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == datagrams) {
                echo_datagram(datagrams);
            } else if (events[i].data.fd == listener) {
                event.data.fd = accept(listener, NULL, NULL);
                if (event.data.fd >= 0)
                    must(epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event), "epoll_ctl");
            } else {
                echo_bytes(events[i].data.fd);
            }
        }
    }
}
