/* Two sockets that are each other's peer: what each call and poll() say, in every state. */
#include "../socket_check.h"

static int pair[2];

static void open_pair(int flags)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | flags, 0, pair)) {
        perror("socketpair");
        exit(1);
    }
}

static void close_pair(void)
{
    close(pair[0]);
    close(pair[1]);
}

static void errors(void)
{
    char buf[16];
    int fds[2], one = 1;

    puts("-- errors");
    SAY(socketpair(AF_INET, SOCK_STREAM, 0, fds));
    SAY(socketpair(AF_UNIX, SOCK_STREAM | 0x100000, 0, fds));
    SAY(socketpair(AF_UNIX, SOCK_STREAM, 17, fds));
    SAY(send(1000, "x", 1, 0));
    SAY(send(STDOUT_FILENO, "x", 1, 0));
    SAY(recv(-1, buf, 1, 0));
    SAY(shutdown(STDOUT_FILENO, SHUT_RD));
    open_pair(0);
    SAY(shutdown(pair[0], 3));
    SAY(shutdown(pair[0], -1));
    SAY(setsockopt(pair[0], SOL_SOCKET, 12345, &one, sizeof one));
    SAY(setsockopt(pair[0], SOL_SOCKET, SO_KEEPALIVE, &one, 3));
    SAY(setsockopt(pair[0], IPPROTO_TCP, 1, &one, sizeof one));
    SAY(lseek(pair[0], 0, SEEK_SET));
    SAY(pread(pair[0], buf, 1, 0));
    close_pair();
}

static void options(void)
{
    int value = 0;
    socklen_t len = sizeof value;

    puts("-- options");
    open_pair(SOCK_NONBLOCK);
    printf("O_NONBLOCK %d\n", !!(fcntl(pair[0], F_GETFL) & O_NONBLOCK));
    SAY(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &value, &len));
    printf("type %d, %u bytes\n", value, len);
    SAY(getsockopt(pair[0], SOL_SOCKET, SO_DOMAIN, &value, &len));
    printf("domain %d\n", value);
    SAY(getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &value, &len));
    printf("error %d\n", value);
    struct timeval time = {2, 500000}, got = {0};
    SAY(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    len = sizeof got;
    SAY(getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &got, &len));
    printf("timeout %ld.%06ld\n", (long)got.tv_sec, (long)got.tv_usec);
    time.tv_usec = 1000000;
    SAY(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    struct sockaddr_storage address;
    len = sizeof address;
    SAY(getsockname(pair[0], (struct sockaddr *)&address, &len));
    printf("family %d, %u bytes\n", address.ss_family, len);
    len = sizeof address;
    SAY(getpeername(pair[0], (struct sockaddr *)&address, &len));
    struct stat st;
    SAY(fstat(pair[0], &st));
    printf("a socket: %d\n", S_ISSOCK(st.st_mode));
    close_pair();
}

static void bytes(void)
{
    char buf[64] = "";
    struct iovec parts[] = {{"one ", 4}, {"two ", 4}, {"three", 5}}, into[] = {{buf, 6}, {buf + 6, 7}};
    int waiting = -1;

    puts("-- bytes");
    open_pair(0);
    SAY(writev(pair[0], parts, 3));
    SAY(ioctl(pair[1], FIONREAD, &waiting));
    printf("waiting %d\n", waiting);
    SAY(recv(pair[1], buf, 5, MSG_PEEK));
    printf("'%.5s'\n", buf);
    SAY(readv(pair[1], into, 2));
    printf("'%.13s'\n", buf);
    SAY(recv(pair[1], buf, 5, MSG_DONTWAIT));
    SAY(write(pair[1], "back", 4));
    SAY(recv(pair[0], buf, sizeof buf, 0));
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    SAY(sendmsg(pair[0], &message, 0));
    message = (struct msghdr){.msg_iov = into, .msg_iovlen = 2};
    SAY(recvmsg(pair[1], &message, 0));
    printf("'%.8s', flags %d\n", buf, message.msg_flags);
    SAY(send(pair[0], "", 0, 0));
    struct timeval time = {0, 1000};
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    SAY(recv(pair[0], buf, 1, 0));
    close_pair();
}

static void *send_slowly(void *argument)
{
    for (int i = 0; i < 5; i++) {
        write(pair[1], "ab", 2);
        sched_yield();
    }
    return argument;
}

static void waiting(void)
{
    pthread_t thread;
    char buf[10];

    puts("-- waiting for all of it");
    open_pair(0);
    pthread_create(&thread, NULL, send_slowly, NULL);
    SAY(recv(pair[0], buf, sizeof buf, MSG_WAITALL));
    printf("'%.10s'\n", buf);
    pthread_join(thread, NULL);
    write(pair[1], "end", 3);
    shutdown(pair[1], SHUT_WR);
    SAY(recv(pair[0], buf, sizeof buf, MSG_WAITALL));
    close_pair();
}

static void states(void)
{
    char buf[64];

    puts("-- states");
    open_pair(0);
    show(pair[0], "fresh");
    write(pair[1], "x", 1);
    show(pair[0], "a byte came");
    shutdown(pair[1], SHUT_WR);
    show(pair[0], "the peer has ended writing");
    show(pair[1], "it itself");
    SAY(write(pair[1], "x", 1));
    SAY(recv(pair[0], buf, sizeof buf, 0));
    SAY(recv(pair[0], buf, sizeof buf, 0));
    show(pair[0], "and all is read");
    SAY(write(pair[0], "back", 4));
    shutdown(pair[0], SHUT_WR);
    show(pair[0], "both have");
    show(pair[1], "the peer too");
    SAY(recv(pair[1], buf, sizeof buf, 0));
    SAY(recv(pair[1], buf, sizeof buf, 0));
    close_pair();

    open_pair(0);
    shutdown(pair[0], SHUT_RD);
    show(pair[0], "no more reading");
    show(pair[1], "its peer");
    SAY(write(pair[1], "x", 1));
    SAY(send(pair[1], "x", 1, MSG_NOSIGNAL));
    SAY(read(pair[0], buf, 1));
    close_pair();

    open_pair(0);
    close(pair[1]);
    show(pair[0], "the peer is gone");
    SAY(read(pair[0], buf, 1));
    SAY(write(pair[0], "x", 1));
    close(pair[0]);

    open_pair(0);
    write(pair[0], "never read", 10);
    close(pair[1]);
    show(pair[0], "gone with unread bytes");
    SAY(read(pair[0], buf, 1));
    SAY(read(pair[0], buf, 1));
    show(pair[0], "after the error");
    close(pair[0]);
    printf("broken pipes %d\n", broken_pipes);
}

static void full(void)
{
    static char block[65536];
    long sent = 0, n;

    puts("-- full");
    open_pair(SOCK_NONBLOCK);
    while ((n = write(pair[0], block, sizeof block)) > 0)
        sent += n;
    printf("%s, %s\n", error_name(errno), sent >= 65536 ? "enough" : "too little");
    show(pair[0], "full");
    long taken = 0;
    while ((n = read(pair[1], block, sizeof block)) > 0)
        taken += n;
    printf("%s, %s\n", error_name(errno), taken == sent ? "all came" : "some did not come");
    show(pair[0], "empty again");
    close_pair();
}

static void edges(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET}, got;
    char buf[8];
    int epoll = epoll_create1(0);

    puts("-- epoll");
    open_pair(SOCK_NONBLOCK);
    SAY(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event));
    SAY(epoll_wait(epoll, &got, 1, 0));
    write(pair[1], "x", 1);
    SAY(epoll_wait(epoll, &got, 1, -1));
    printf("events %#x\n", got.events);
    SAY(epoll_wait(epoll, &got, 1, 0));
    write(pair[1], "y", 1);
    SAY(epoll_wait(epoll, &got, 1, -1));
    read(pair[0], buf, sizeof buf);
    close(pair[1]);
    SAY(epoll_wait(epoll, &got, 1, -1));
    printf("events %#x\n", got.events);
    close(pair[0]);
    close(epoll);
}

int main(void)
{
    signal(SIGPIPE, count_broken_pipe);
    errors();
    options();
    bytes();
    waiting();
    states();
    full();
    edges();
    puts("SUCCESS");
    return 0;
}
