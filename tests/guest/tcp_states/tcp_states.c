/* A connection's ends in every order: what poll() and the calls say at each end. */
#include "../socket_check.h"

static char buf[64];

static void halves(void)
{
    int ends[2];

    puts("-- one direction, then the other");
    connection(ends);
    show(ends[0], "connected");
    SAY(shutdown(ends[0], SHUT_WR));
    wait_and_show(ends[1], POLLRDHUP, "the peer has ended");
    show(ends[0], "it itself");
    SAY(send(ends[0], "x", 1, 0));
    SAY(send(ends[0], "x", 1, MSG_NOSIGNAL));
    SAY(recv(ends[1], buf, sizeof buf, 0));
    SAY(recv(ends[1], buf, sizeof buf, 0));
    SAY(send(ends[1], "still", 5, 0));
    wait_and_show(ends[0], POLLIN, "bytes the other way");
    SAY(recv(ends[0], buf, sizeof buf, 0));
    SAY(shutdown(ends[1], SHUT_WR));
    wait_and_show(ends[0], POLLRDHUP, "both have ended");
    wait_and_show(ends[1], POLLHUP, "the peer too");
    SAY(recv(ends[0], buf, sizeof buf, 0));
    printf("error %d\n", pending_error(ends[0]));
    close(ends[0]);
    close(ends[1]);
}

static void closed(void)
{
    int ends[2];

    puts("-- closed");
    connection(ends);
    must((int)send(ends[1], "last words", 10, 0), "send");
    close(ends[1]);
    wait_and_show(ends[0], POLLRDHUP, "the peer is gone");
    SAY(recv(ends[0], buf, 4, 0));
    show(ends[0], "some of it read");
    SAY(recv(ends[0], buf, sizeof buf, 0));
    show(ends[0], "all of it read");
    SAY(recv(ends[0], buf, sizeof buf, 0));
    SAY(send(ends[0], "x", 1, 0));
    wait_and_show(ends[0], POLLERR, "nobody takes that");
    SAY(send(ends[0], "x", 1, 0));
    SAY(send(ends[0], "x", 1, 0));
    SAY(recv(ends[0], buf, sizeof buf, 0));
    close(ends[0]);
    printf("broken pipes: %d\n", broken_pipes);
}

static void unread(void)
{
    int ends[2];

    puts("-- closed with unread bytes");
    connection(ends);
    must((int)send(ends[0], "not wanted", 10, 0), "send");
    wait_and_show(ends[1], POLLIN, "they have come");
    close(ends[1]);
    wait_and_show(ends[0], POLLERR, "a reset");
    SAY(recv(ends[0], buf, sizeof buf, 0));
    show(ends[0], "the error is taken");
    SAY(recv(ends[0], buf, sizeof buf, 0));
    SAY(send(ends[0], "x", 1, 0));
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    SAY(getpeername(ends[0], (struct sockaddr *)&address, &len));
    SAY(shutdown(ends[0], SHUT_RDWR));
    close(ends[0]);
}

static void resets(void)
{
    int ends[2];

    puts("-- reset");
    connection(ends);
    reset(ends[1]);
    wait_and_show(ends[0], POLLERR, "a reset");
    SAY(send(ends[0], "x", 1, 0));
    SAY(send(ends[0], "x", 1, 0));
    SAY(recv(ends[0], buf, sizeof buf, 0));
    close(ends[0]);

    connection(ends);
    reset(ends[1]);
    wait_and_show(ends[0], POLLERR, "another");
    printf("%s\n", error_name(pending_error(ends[0])));
    printf("%s\n", error_name(pending_error(ends[0])));
    show(ends[0], "after that");
    close(ends[0]);

    puts("-- reset after the end");
    connection(ends);
    shutdown(ends[1], SHUT_WR);
    wait_and_show(ends[0], POLLRDHUP, "the end");
    reset(ends[1]);
    wait_and_show(ends[0], POLLERR, "the reset");
    printf("%s\n", error_name(pending_error(ends[0])));
    close(ends[0]);

    puts("-- reset behind bytes");
    connection(ends);
    must((int)send(ends[1], "bytes", 5, 0), "send");
    wait_and_show(ends[0], POLLIN, "bytes");
    reset(ends[1]);
    wait_and_show(ends[0], POLLERR, "the reset");
    SAY(recv(ends[0], buf, sizeof buf, 0));
    SAY(recv(ends[0], buf, sizeof buf, 0));
    close(ends[0]);
}

static void no_more_reading(void)
{
    int ends[2];

    puts("-- no more reading");
    connection(ends);
    SAY(shutdown(ends[0], SHUT_RD));
    show(ends[0], "it itself");
    show(ends[1], "its peer");
    SAY(recv(ends[0], buf, sizeof buf, 0));
    SAY(send(ends[0], "x", 1, 0));
    SAY(shutdown(ends[0], SHUT_RDWR));
    wait_and_show(ends[0], POLLHUP, "nor writing");
    wait_and_show(ends[1], POLLRDHUP, "its peer");
    SAY(recv(ends[1], buf, sizeof buf, 0));
    close(ends[0]);
    close(ends[1]);
}

static void never_accepted(void)
{
    int listener = listen_somewhere(2);

    puts("-- never accepted");
    int fd = connect_to(listener);
    SAY(send(fd, "hello", 5, 0));
    show(fd, "waiting to be accepted");
    close(listener);
    wait_and_show(fd, POLLERR, "the listener is gone");
    SAY(recv(fd, buf, sizeof buf, 0));
    close(fd);

    listener = listen_somewhere(2);
    fd = connect_to(listener);
    SAY(send(fd, "hello", 5, 0));
    close(fd);
    int accepted = must(accept(listener, NULL, NULL), "accept");
    SAY(recv(accepted, buf, sizeof buf, MSG_WAITALL));
    SAY(recv(accepted, buf, sizeof buf, 0));
    close(accepted);
    close(listener);
}

static void *wake_by_shutdown(void *argument)
{
    shutdown(*(int *)argument, SHUT_RDWR);
    return NULL;
}

static void woken(void)
{
    pthread_t thread;
    int ends[2];

    puts("-- shutdown wakes a reader");
    connection(ends);
    pthread_create(&thread, NULL, wake_by_shutdown, &ends[0]);
    SAY(recv(ends[0], buf, sizeof buf, 0));
    pthread_join(thread, NULL);
    close(ends[0]);
    close(ends[1]);
}

static void *end_listening(void *argument)
{
    shutdown(*(int *)argument, SHUT_RD);
    return NULL;
}

static void no_more_listening(void)
{
    pthread_t thread;
    int listener = listen_somewhere(1), fd = connect_to(listener);

    puts("-- shutdown ends listening");
    SAY(shutdown(listener, SHUT_WR));
    int accepted = must(accept(listener, NULL, NULL), "accept");
    pthread_create(&thread, NULL, end_listening, &listener);
    SAY(accept(listener, NULL, NULL));
    pthread_join(thread, NULL);
    show(listener, "not listening");
    show(fd, "its connection stays");
    SAY(shutdown(listener, SHUT_RD));
    SAY(listen(listener, 1));
    close(accepted);
    close(fd);
    close(listener);
}

int main(void)
{
    signal(SIGPIPE, count_broken_pipe);
    halves();
    closed();
    unread();
    resets();
    no_more_reading();
    never_accepted();
    woken();
    no_more_listening();
    puts("SUCCESS");
    return 0;
}
