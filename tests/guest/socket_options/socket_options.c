/* What setsockopt(), getsockopt() and fcntl() accept, refuse and remember. */
#include "../socket_check.h"

static int fd;

static void get(const char *what, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    int result = getsockopt(fd, level, name, &value, &len);

    printf("%-16s %d, %s, %d, %u bytes\n", what, result, error_name(result < 0 ? errno : 0), value, len);
}
#define GET(level, name) get(#name, level, name)

static void set(const char *what, int level, int name, int value)
{
    int result = setsockopt(fd, level, name, &value, sizeof value);

    printf("%-16s = %d: %d, %s; ", what, value, result, error_name(result < 0 ? errno : 0));
    get("now", level, name);
}
#define SET(level, name, value) set(#name, level, name, value)

static void of_any_socket(void)
{
    GET(SOL_SOCKET, SO_DOMAIN);
    GET(SOL_SOCKET, SO_TYPE);
    GET(SOL_SOCKET, SO_PROTOCOL);
    GET(SOL_SOCKET, SO_ERROR);
    GET(SOL_SOCKET, SO_ACCEPTCONN);
    GET(SOL_SOCKET, SO_SNDLOWAT);
    SET(SOL_SOCKET, SO_REUSEADDR, 1);
    SET(SOL_SOCKET, SO_REUSEADDR, 7);
    SET(SOL_SOCKET, SO_REUSEADDR, 0);
    SET(SOL_SOCKET, SO_REUSEPORT, 1);
    SET(SOL_SOCKET, SO_BROADCAST, 1);
    SET(SOL_SOCKET, SO_KEEPALIVE, 1);
    SET(SOL_SOCKET, SO_OOBINLINE, 1);
    SET(SOL_SOCKET, SO_DONTROUTE, 0);
    SET(SOL_SOCKET, SO_RCVBUF, 10000);
    SET(SOL_SOCKET, SO_RCVBUF, 1);
    SET(SOL_SOCKET, SO_SNDBUF, 20000);
    SET(SOL_SOCKET, SO_SNDBUF, 1);
    SET(IPPROTO_IP, IP_TTL, 33);
    SET(IPPROTO_IP, IP_TTL, 0);
    SET(IPPROTO_IP, IP_TTL, 256);
    SET(IPPROTO_IP, IP_TTL, -1);
    SET(IPPROTO_IP, IP_TOS, 0x10);
    SET(SOL_SOCKET, 4711, 1);
    SET(IPPROTO_IP, 4711, 1);
    SET(4711, 1, 1);
}

static void of_tcp(void)
{
    SET(IPPROTO_TCP, TCP_NODELAY, 1);
    SET(IPPROTO_TCP, TCP_NODELAY, 0);
    SET(IPPROTO_TCP, TCP_KEEPIDLE, 60);
    SET(IPPROTO_TCP, TCP_KEEPIDLE, 0);
    SET(IPPROTO_TCP, TCP_KEEPINTVL, 5);
    SET(IPPROTO_TCP, TCP_KEEPINTVL, 40000);
    SET(IPPROTO_TCP, TCP_KEEPCNT, 3);
    SET(IPPROTO_TCP, TCP_KEEPCNT, 128);
    SET(IPPROTO_TCP, TCP_USER_TIMEOUT, 3000);
    SET(IPPROTO_TCP, TCP_USER_TIMEOUT, -1);
    GET(IPPROTO_TCP, TCP_MAXSEG);
    SET(IPPROTO_TCP, 4711, 1);
}

static void lengths(void)
{
    int value = 1;
    struct linger linger = {1, 5}, got = {0};
    struct timeval time = {1, 500000}, so_long = {0};
    socklen_t len = 2;

    SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 2));
    SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, 4));
    SAY(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, 4));
    value = -1;
    SAY(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len));
    printf("%x, %u bytes\n", (unsigned)value, len);
    len = (socklen_t)-1;
    SAY(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len));
    SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    len = sizeof got;
    SAY(getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &len));
    printf("linger %d, %d s, %u bytes\n", got.l_onoff, got.l_linger, len);
    SAY(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time));
    len = sizeof so_long;
    SAY(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &so_long, &len));
    printf("%ld.%06ld s, %u bytes\n", (long)so_long.tv_sec, (long)so_long.tv_usec, len);
    time.tv_usec = -1;
    SAY(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time));
    SAY(setsockopt(1000, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value));
    SAY(setsockopt(1, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value));
    len = sizeof value;
    SAY(getsockopt(1, SOL_SOCKET, SO_TYPE, &value, &len));
}

static void flags(void)
{
    int yes = 1, no = 0;

    printf("non-blocking: %d\n", !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    SAY(ioctl(fd, FIONBIO, &yes));
    printf("non-blocking: %d\n", !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    SAY(ioctl(fd, FIONBIO, &no));
    printf("non-blocking: %d\n", !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    int other = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    printf("closed on exec: %d %d\n", fcntl(fd, F_GETFD), fcntl(other, F_GETFD));
    close(other);
    printf("to read and write: %d\n", (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
}

int main(void)
{
    puts("-- TCP");
    fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
    of_any_socket();
    of_tcp();
    lengths();
    flags();
    must(listen(fd, 1), "listen");
    GET(SOL_SOCKET, SO_ACCEPTCONN);

    puts("-- inherited by a connection");
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int listener = fd, client = connect_to(listener);
    fd = must(accept(listener, NULL, NULL), "accept");
    GET(IPPROTO_TCP, TCP_NODELAY);
    GET(IPPROTO_TCP, TCP_KEEPIDLE);
    GET(SOL_SOCKET, SO_KEEPALIVE);
    GET(SOL_SOCKET, SO_ACCEPTCONN);
    close(fd);
    close(client);
    close(listener);

    puts("-- UDP");
    fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), "socket");
    of_any_socket();
    GET(IPPROTO_TCP, TCP_NODELAY);
    printf("non-blocking: %d\n", !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    puts("SUCCESS");
    return 0;
}
