/* What the calls of TCP sockets say when they cannot do what they are asked. */
#include "../socket_check.h"

static void making(void)
{
    puts("-- socket");
    SAY(socket(AF_INET, SOCK_SEQPACKET, 0));
    SAY(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    SAY(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
    SAY(socket(AF_INET, SOCK_STREAM, 1000));
    SAY(socket(AF_INET, SOCK_STREAM, -1));
    SAY(socket(AF_INET, SOCK_STREAM | 0x1000, 0));
    SAY(socket(1000, SOCK_STREAM, 0));
    int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    printf("%s\n", fd == 3 ? "the lowest descriptor" : "another descriptor");
    struct stat st;
    SAY(fstat(fd, &st));
    printf("a socket: %d\n", S_ISSOCK(st.st_mode));
    SAY(lseek(fd, 0, SEEK_SET));
    SAY(ftruncate(fd, 0));
    SAY(fsync(fd));
    close(fd);
}

static void no_socket(void)
{
    struct sockaddr_in address = loopback(1);
    socklen_t len = sizeof address;
    char buf[4];

    puts("-- no socket");
    SAY(bind(1000, (struct sockaddr *)&address, sizeof address));
    SAY(listen(1, 1));
    SAY(accept(1, NULL, NULL));
    SAY(accept(-1, NULL, NULL));
    SAY(connect(1, (struct sockaddr *)&address, sizeof address));
    SAY(getsockname(1, (struct sockaddr *)&address, &len));
    SAY(getpeername(99, (struct sockaddr *)&address, &len));
    SAY(recv(1, buf, 1, 0));
    SAY(send(99, buf, 1, 0));
    SAY(shutdown(1, SHUT_WR));
}

static void fresh(void)
{
    int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    char buf[4] = "";

    puts("-- neither bound nor connected");
    show(fd, "readiness");
    SAY(accept(fd, NULL, NULL));
    SAY(accept4(fd, NULL, NULL, 1));
    SAY(recv(fd, buf, 1, 0));
    SAY(send(fd, buf, 1, 0));
    SAY(send(fd, buf, 1, MSG_NOSIGNAL));
    printf("broken pipes: %d\n", broken_pipes);
    SAY(shutdown(fd, SHUT_RDWR));
    SAY(shutdown(fd, 3));
    SAY(getpeername(fd, (struct sockaddr *)&address, &len));
    SAY(getsockname(fd, (struct sockaddr *)&address, &len));
    printf("%s:%d, %u bytes\n", inet_ntoa(address.sin_addr), ntohs(address.sin_port), len);
    len = (socklen_t)-1;
    SAY(getsockname(fd, (struct sockaddr *)&address, &len));
    len = 4;
    SAY(getsockname(fd, (struct sockaddr *)&address, &len));
    printf("%u bytes\n", len);
    printf("error %d\n", pending_error(fd));
    close(fd);
}

static void addresses(void)
{
    int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
    struct sockaddr_in address = loopback(0);

    puts("-- addresses");
    SAY(bind(fd, (struct sockaddr *)&address, 8));
    SAY(connect(fd, (struct sockaddr *)&address, 1));
    SAY(connect(fd, (struct sockaddr *)&address, 8));
    address.sin_family = AF_INET6;
    SAY(bind(fd, (struct sockaddr *)&address, sizeof address));
    SAY(connect(fd, (struct sockaddr *)&address, sizeof address));
    address.sin_family = AF_INET;
    inet_aton("192.0.2.77", &address.sin_addr);
    SAY(bind(fd, (struct sockaddr *)&address, sizeof address));
    address = loopback(0);
    SAY(bind(fd, (struct sockaddr *)&address, sizeof address));
    SAY(bind(fd, (struct sockaddr *)&address, sizeof address));
    address = own_address(fd);
    printf("%s, port %s\n", inet_ntoa(address.sin_addr), address.sin_port ? "chosen" : "missing");
    show(fd, "bound");
    int other = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
    SAY(bind(other, (struct sockaddr *)&address, sizeof address));
    SAY(listen(fd, 5));
    SAY(bind(other, (struct sockaddr *)&address, sizeof address));
    close(other);
    close(fd);
}

static void listening(void)
{
    int fd = listen_somewhere(4);
    struct sockaddr_in address = own_address(fd), peer;
    socklen_t len = sizeof peer;
    char buf[4];
    int value;

    puts("-- listening");
    show(fd, "nobody waits");
    SAY(recv(fd, buf, 1, 0));
    SAY(send(fd, buf, 1, MSG_NOSIGNAL));
    SAY(connect(fd, (struct sockaddr *)&address, sizeof address));
    SAY(getpeername(fd, (struct sockaddr *)&peer, &len));
    SAY(ioctl(fd, FIONREAD, &value));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    SAY(accept(fd, NULL, NULL));
    SAY(listen(fd, 8));
    int client = connect_to(fd);
    wait_and_show(fd, POLLIN, "somebody waits");
    len = sizeof peer;
    int accepted = accept4(fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK);
    printf("accepted %d, from %s, %u bytes\n", accepted > 0, inet_ntoa(peer.sin_addr), len);
    printf("the client's port: %d\n", peer.sin_port == own_address(client).sin_port);
    printf("the listener's port: %d\n", address.sin_port == own_address(accepted).sin_port);
    printf("non-blocking: %d\n", !!(fcntl(accepted, F_GETFL) & O_NONBLOCK));
    SAY(listen(accepted, 1));
    SAY(connect(client, (struct sockaddr *)&address, sizeof address));
    SAY(accept(client, NULL, NULL));
    show(fd, "nobody waits any more");
    close(accepted);
    close(client);
    close(fd);
}

static void refused(void)
{
    int listener = listen_somewhere(1);
    struct sockaddr_in address = own_address(listener);

    puts("-- refused");
    close(listener);
    int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
    SAY(connect(fd, (struct sockaddr *)&address, sizeof address));
    printf("error %d\n", pending_error(fd));
    show(fd, "after it");
    SAY(connect(fd, (struct sockaddr *)&address, sizeof address));
    close(fd);

    fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
    int result = connect(fd, (struct sockaddr *)&address, sizeof address);
    printf("%s\n", result < 0 && (errno == EINPROGRESS || errno == ECONNREFUSED) ? "under way or refused" : "?");
    if (errno == EINPROGRESS) {
        wait_and_show(fd, POLLOUT, "and then");
        printf("%s\n", error_name(pending_error(fd)));
    }
    close(fd);
}

static void non_blocking(void)
{
    int listener = listen_somewhere(1);
    struct sockaddr_in address = own_address(listener);
    int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
    char buf[4];

    puts("-- non-blocking");
    SAY(connect(fd, (struct sockaddr *)&address, sizeof address));
    wait_and_show(fd, POLLOUT, "connected");
    printf("error %d\n", pending_error(fd));
    SAY(connect(fd, (struct sockaddr *)&address, sizeof address));
    SAY(connect(fd, (struct sockaddr *)&address, sizeof address));
    SAY(recv(fd, buf, 1, 0));
    close(fd);
    close(listener);
}

int main(void)
{
    signal(SIGPIPE, count_broken_pipe);
    making();
    no_socket();
    fresh();
    addresses();
    listening();
    refused();
    non_blocking();
    puts("SUCCESS");
    return 0;
}
