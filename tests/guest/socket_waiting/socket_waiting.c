/* Waiting for sockets: blocking calls, timeouts, signals, select(), and epoll both ways. */
#include "../socket_check.h"

static char block[65536];

static void print_epoll(const char *when, unsigned events)
{
    print_events(when, events & 0xffff);
}

static void edges(int ends[2])
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET}, got = {0};
    int epoll = must(epoll_create1(0), "epoll");

    puts("-- epoll, edges");
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event), "epoll_ctl");
    SAY(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
    SAY(epoll_wait(epoll, &got, 1, -1));
    print_epoll("at first", got.events);
    SAY(epoll_wait(epoll, &got, 1, 0));
    must((int)send(ends[1], "a", 1, 0), "send");
    SAY(epoll_wait(epoll, &got, 1, -1));
    print_epoll("a byte", got.events);
    SAY(epoll_wait(epoll, &got, 1, 0));
    must((int)send(ends[1], "b", 1, 0), "send");
    SAY(epoll_wait(epoll, &got, 1, -1));
    print_epoll("another", got.events);
    SAY(recv(ends[0], block, sizeof block, 0));
    shutdown(ends[1], SHUT_WR);
    SAY(epoll_wait(epoll, &got, 1, -1));
    print_epoll("the end", got.events);
    close(epoll);
}

static void levels(int ends[2])
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 12}, got[2];
    int epoll = must(epoll_create1(0), "epoll");

    puts("-- epoll, levels");
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event), "epoll_ctl");
    SAY(epoll_wait(epoll, got, 2, 0));
    must((int)send(ends[1], "ab", 2, 0), "send");
    SAY(epoll_wait(epoll, got, 2, -1));
    SAY(recv(ends[0], block, 1, 0));
    SAY(epoll_wait(epoll, got, 2, 0));
    printf("data %d\n", (int)got[0].data.u64);
    SAY(recv(ends[0], block, 1, 0));
    SAY(epoll_wait(epoll, got, 2, 0));
    event.events = EPOLLIN | EPOLLONESHOT;
    SAY(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &event));
    must((int)send(ends[1], "c", 1, 0), "send");
    SAY(epoll_wait(epoll, got, 2, -1));
    SAY(epoll_wait(epoll, got, 2, 0));
    SAY(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &event));
    SAY(epoll_wait(epoll, got, 2, 0));
    SAY(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], NULL));
    SAY(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], NULL));
    SAY(recv(ends[0], block, 1, 0));
    close(epoll);
}

static void selected(int ends[2])
{
    fd_set reading, writing;
    struct timeval now = {0, 0};

    puts("-- select");
    FD_ZERO(&reading);
    FD_ZERO(&writing);
    FD_SET(ends[0], &reading);
    FD_SET(ends[0], &writing);
    SAY(select(ends[0] + 1, &reading, &writing, NULL, &now));
    printf("%d %d\n", !!FD_ISSET(ends[0], &reading), !!FD_ISSET(ends[0], &writing));
    must((int)send(ends[1], "x", 1, 0), "send");
    FD_ZERO(&writing);
    FD_SET(ends[0], &reading);
    SAY(select(ends[0] + 1, &reading, &writing, NULL, NULL));
    SAY(recv(ends[0], block, 1, 0));
}

static void timeouts(int ends[2])
{
    struct timeval brief = {0, 1000}, none = {0, 0};
    int listener = listen_somewhere(1);

    puts("-- timeouts");
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
    SAY(recv(ends[0], block, 1, 0));
    must((int)send(ends[1], "abc", 3, 0), "send");
    SAY(recv(ends[0], block, 5, MSG_WAITALL));
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
    SAY(accept(listener, NULL, NULL));
    close(listener);
}

static void handler(int sig)
{
    (void)sig;
}

static void *interrupt(void *argument)
{
    pthread_kill(*(pthread_t *)argument, SIGUSR1);
    return NULL;
}

static void *interrupt_then_send(void *argument)
{
    void **arguments = argument;

    pthread_kill(*(pthread_t *)arguments[0], SIGUSR1);
    send(*(int *)arguments[1], "after", 5, 0);
    return NULL;
}

static void interrupted(int ends[2])
{
    struct sigaction action = {.sa_handler = handler};
    pthread_t self = pthread_self(), other;
    struct timeval long_time = {100, 0}, none = {0, 0};
    void *arguments[] = {&self, &ends[1]};
    sigset_t usr1, before;

    puts("-- signals");
    /* Blocked until the wait, in which it then comes for certain: ppoll(). */
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigaction(SIGUSR1, &action, NULL);
    pthread_sigmask(SIG_BLOCK, &usr1, &before);
    pthread_create(&other, NULL, interrupt, &self);
    struct pollfd polled = {.fd = ends[0], .events = POLLIN};
    SAY(ppoll(&polled, 1, NULL, &before));
    pthread_join(other, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&other, NULL, interrupt_then_send, arguments);
    SAY(recv(ends[0], block, sizeof block, 0));
    pthread_join(other, NULL);
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &long_time, sizeof long_time);
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
}

static void *drain(void *argument)
{
    static char sink[65536];
    long total = 0, n;

    while ((n = recv(*(int *)argument, sink, sizeof sink, 0)) > 0)
        total += n;
    return (void *)total;
}

static void full(void)
{
    pthread_t thread;
    void *total;
    int ends[2];
    long sent = 0, n;

    puts("-- a full buffer");
    connection(ends);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while ((n = send(ends[0], block, sizeof block, 0)) > 0)
        sent += n;
    printf("%s, some sent: %d\n", error_name(errno), sent > 0);
    show(ends[0], "full");
    fcntl(ends[0], F_SETFL, 0);
    pthread_create(&thread, NULL, drain, &ends[1]);
    for (int i = 0; i < 16; i++)
        sent += must((int)send(ends[0], block, sizeof block, 0), "send");
    shutdown(ends[0], SHUT_WR);
    pthread_join(thread, &total);
    printf("all came: %d\n", (long)total == sent);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    int ends[2];

    signal(SIGPIPE, SIG_IGN);
    connection(ends);
    int one = 1; /* what is sent comes before the time is over, whatever was acknowledged */
    setsockopt(ends[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    levels(ends);
    selected(ends);
    timeouts(ends);
    interrupted(ends);
    edges(ends);
    close(ends[0]);
    close(ends[1]);
    full();
    puts("SUCCESS");
    return 0;
}
