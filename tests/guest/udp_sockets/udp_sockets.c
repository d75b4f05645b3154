/* Datagrams through the loopback: what comes, from whom, and what fails how. */
#include "../socket_check.h"

static char buf[2000];

static int open_bound(struct sockaddr_in *address)
{
    int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");

    *address = loopback(0);
    must(bind(fd, (struct sockaddr *)address, sizeof *address), "bind");
    *address = own_address(fd);
    return fd;
}

static void errors(void)
{
    int fd = must(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP), "socket"), one = 1;
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof address;

    puts("-- neither bound nor connected");
    show(fd, "readiness");
    SAY(send(fd, "x", 1, 0));
    SAY(sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
    SAY(sendto(fd, "x", 1, 0, (struct sockaddr *)&address, 8));
    address.sin_family = AF_INET6;
    SAY(sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
    SAY(recv(fd, buf, 1, MSG_DONTWAIT));
    SAY(getpeername(fd, (struct sockaddr *)&address, &len));
    SAY(listen(fd, 1));
    SAY(accept(fd, NULL, NULL));
    SAY(shutdown(fd, SHUT_RDWR));
    SAY(send(fd, "x", 1, MSG_OOB));
    SAY(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
    close(fd);
    fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    address = loopback(9);
    address.sin_addr.s_addr = INADDR_BROADCAST;
    SAY(sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
    close(fd);
}

static void exchange(void)
{
    struct sockaddr_in here, there, from;
    socklen_t len = sizeof from;
    int a = open_bound(&here), b = open_bound(&there), waiting;

    puts("-- from one to the other");
    SAY(sendto(a, "first", 5, 0, (struct sockaddr *)&there, sizeof there));
    SAY(sendto(a, "", 0, 0, (struct sockaddr *)&there, sizeof there));
    SAY(sendto(a, "third one", 9, 0, (struct sockaddr *)&there, sizeof there));
    wait_and_show(b, POLLIN, "three have come");
    ioctl(b, FIONREAD, &waiting);
    printf("the first has %d bytes\n", waiting);
    SAY(recvfrom(b, buf, sizeof buf, MSG_PEEK, (struct sockaddr *)&from, &len));
    printf("from the other: %d, %u bytes\n", !memcmp(&from, &here, sizeof from), len);
    SAY(recvfrom(b, buf, 2, 0, NULL, NULL));
    SAY(recvfrom(b, buf, sizeof buf, 0, NULL, NULL));
    struct iovec parts[] = {{buf, 3}, {buf + 3, 3}};
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = parts, .msg_iovlen = 2};
    SAY(recvmsg(b, &message, 0));
    printf("'%.6s', truncated: %d, %u bytes\n", buf, !!(message.msg_flags & MSG_TRUNC), message.msg_namelen);
    show(b, "nothing more");
    message = (struct msghdr){.msg_name = &there, .msg_namelen = sizeof there, .msg_iov = parts, .msg_iovlen = 2};
    SAY(sendmsg(a, &message, 0));
    SAY(recv(b, buf, 2, MSG_TRUNC));
    SAY(recv(b, buf, 2, MSG_DONTWAIT));
    len = 4;
    sendto(a, "short", 5, 0, (struct sockaddr *)&there, sizeof there);
    SAY(recvfrom(b, buf, sizeof buf, 0, (struct sockaddr *)&from, &len));
    printf("%u bytes\n", len);
    close(a);
    close(b);
}

static void connected(void)
{
    struct sockaddr_in here, there, third, nobody = {.sin_family = AF_UNSPEC};
    socklen_t len = sizeof third;
    int a = open_bound(&here), b = open_bound(&there), c = open_bound(&third);

    puts("-- connected");
    SAY(connect(a, (struct sockaddr *)&there, sizeof there));
    SAY(getpeername(a, (struct sockaddr *)&nobody, &len));
    printf("the peer: %d\n", nobody.sin_port == there.sin_port);
    SAY(write(a, "to it", 5));
    SAY(recv(b, buf, sizeof buf, 0));
    SAY(sendto(c, "a stranger", 10, 0, (struct sockaddr *)&here, sizeof here));
    SAY(sendto(b, "the peer", 8, 0, (struct sockaddr *)&here, sizeof here));
    SAY(recv(a, buf, sizeof buf, 0));
    SAY(recv(a, buf, sizeof buf, MSG_DONTWAIT));
    struct iovec parts[] = {{"in ", 3}, {"two", 3}};
    SAY(writev(a, parts, 2));
    SAY(read(b, buf, sizeof buf));
    SAY(connect(a, (struct sockaddr *)&third, sizeof third));
    SAY(send(a, "another", 7, 0));
    SAY(recv(c, buf, sizeof buf, 0));
    nobody.sin_family = AF_UNSPEC;
    SAY(connect(a, (struct sockaddr *)&nobody, sizeof nobody));
    SAY(send(a, "x", 1, 0));

    puts("-- shut down");
    SAY(connect(a, (struct sockaddr *)&there, sizeof there));
    SAY(shutdown(a, SHUT_WR));
    show(a, "no more writing");
    SAY(send(a, "x", 1, 0));
    SAY(shutdown(a, SHUT_RD));
    show(a, "nor reading");
    SAY(recv(a, buf, sizeof buf, 0));
    close(a);
    close(b);
    close(c);
}

static void unreachable(void)
{
    struct sockaddr_in gone;
    int fd = open_bound(&gone);

    puts("-- nobody there");
    close(fd);
    fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    must(connect(fd, (struct sockaddr *)&gone, sizeof gone), "connect");
    SAY(send(fd, "x", 1, 0));
    wait_and_show(fd, POLLERR, "an answer by ICMP");
    SAY(recv(fd, buf, sizeof buf, 0));
    SAY(recv(fd, buf, sizeof buf, MSG_DONTWAIT));
    SAY(send(fd, "x", 1, 0));
    wait_and_show(fd, POLLERR, "another");
    printf("%s\n", error_name(pending_error(fd)));
    show(fd, "taken");
    close(fd);
}

static void ports(void)
{
    struct sockaddr_in taken;
    int one = 1, first = open_bound(&taken), second = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");

    puts("-- ports");
    SAY(bind(first, (struct sockaddr *)&taken, sizeof taken));
    SAY(bind(second, (struct sockaddr *)&taken, sizeof taken));
    setsockopt(second, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    SAY(bind(second, (struct sockaddr *)&taken, sizeof taken));
    close(first);
    SAY(bind(second, (struct sockaddr *)&taken, sizeof taken));
    close(second);
}

static void waiting(void)
{
    struct sockaddr_in address;
    struct timeval brief = {0, 2000};
    int fd = open_bound(&address);

    puts("-- timeouts");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
    SAY(recv(fd, buf, sizeof buf, 0));
    sendto(fd, "to itself", 9, 0, (struct sockaddr *)&address, sizeof address);
    SAY(recv(fd, buf, sizeof buf, 0));
    close(fd);
}

int main(void)
{
    signal(SIGPIPE, count_broken_pipe);
    errors();
    exchange();
    connected();
    unreachable();
    ports();
    waiting();
    printf("broken pipes: %d\n", broken_pipes);
    puts("SUCCESS");
    return 0;
}
