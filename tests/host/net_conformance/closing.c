/* SPDX-License-Identifier: MIT */
/* closing.c: how connections end. */
#include "conformance.h"

static struct tcp *listener, *tcp;
static char buf[100];

static void begin(void)
{
    listener = listen_here(5);
    tcp = opened_by_peer(listener);
}

static void end(void)
{
    tcp_close(listener);
    all_gone();
}

static bool in_time_wait(void)
{
    struct tcp_pair *pair =
        tcp_table_find((struct endpoint){OUR_ADDRESS, PORT}, (struct endpoint){PEER_ADDRESS, PEER_PORT});

    return pair && pair->kind == PAIR_TIME_WAIT;
}

static void we_close_first(void)
{
    begin();
    CHECK(tcp_send(tcp, "bye", 3, false) == 3);
    EXPECT(TCP_ACK, 1, 1, 3);
    tcp_close(tcp);
    EXPECT(TCP_FIN | TCP_ACK, 4, 1, 0);
    say(TCP_FIN | TCP_ACK, 1, 5, 0, 0);
    EXPECT(TCP_ACK, 5, 2, 0);
    CHECK(in_time_wait() && tcp_connections == 0);
    /* Its FIN again: the last acknowledgement was lost. The time begins anew. */
    pass(50 * SECONDS);
    say(TCP_FIN | TCP_ACK, 1, 5, 0, 0);
    EXPECT(TCP_ACK, 5, 2, 0);
    pass(59 * SECONDS);
    CHECK(in_time_wait());
    pass(1 * SECONDS);
    CHECK(!in_time_wait());
    end();
}

/* The peer closes first; the program closes at once, and its FIN acknowledges the other. */
static void peer_closes_first(void)
{
    begin();
    say(TCP_FIN | TCP_ACK, 1, 1, 0, 0);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 0);
    CHECK(tcp_ready(tcp) == (POLLIN | POLLOUT | POLLRDHUP));
    tcp_close(tcp);
    EXPECT(TCP_FIN | TCP_ACK, 1, 2, 0);
    say(TCP_ACK, 2, 2, 0, 0);
    CHECK(tcp_connections == 0 && !in_time_wait());
    EXPECT_NOTHING();
    end();
}

static void both_close(void)
{
    begin();
    tcp_close(tcp);
    EXPECT(TCP_FIN | TCP_ACK, 1, 1, 0);
    say(TCP_FIN | TCP_ACK, 1, 1, 0, 0);
    EXPECT(TCP_ACK, 2, 2, 0);
    CHECK(!in_time_wait());
    say(TCP_ACK, 2, 2, 0, 0);
    EXPECT_NOTHING();
    CHECK(in_time_wait());
    end();
}

/* A direction that has ended does not end the other. */
static void half_close(void)
{
    begin();
    CHECK(tcp_shutdown(tcp, false, true) == 0);
    EXPECT(TCP_FIN | TCP_ACK, 1, 1, 0);
    say(TCP_ACK, 1, 2, 0, 0);
    CHECK(tcp_send(tcp, "x", 1, false) == -EPIPE);
    say(TCP_ACK, 1, 2, "more", 4);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 4);
    say(TCP_FIN | TCP_ACK, 5, 2, "last", 4);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 4 && tcp_receive(tcp, buf, sizeof buf, false) == 0);
    CHECK(in_time_wait() && tcp_ready(tcp) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
    tcp_close(tcp);
    end();

    begin();
    say(TCP_FIN | TCP_ACK, 1, 1, 0, 0);
    CHECK(tcp_send(tcp, "still here", 10, false) == 10);
    EXPECT(TCP_ACK, 1, 2, 10);
    tcp_abort(tcp);
    end();
}

static void reading_ends(void)
{
    begin();
    say(TCP_ACK, 1, 1, "one", 3);
    CHECK(tcp_shutdown(tcp, true, false) == 0 && tcp_receive(tcp, buf, sizeof buf, false) == 0);
    say(TCP_ACK, 4, 1, "two", 3);
    EXPECT(TCP_ACK, 1, 7, 0);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 0 && tcp_send(tcp, "x", 1, false) == 1);
    tcp_abort(tcp);
    end();
}

/* The FIN is lost, and what was written before it. */
static void lost_fin(void)
{
    begin();
    CHECK(tcp_send(tcp, "bye", 3, false) == 3);
    tcp_close(tcp);
    EXPECT(TCP_ACK, 1, 1, 3);
    EXPECT(TCP_FIN | TCP_ACK, 4, 1, 0);
    pass(200 * MS);
    EXPECT(TCP_FIN | TCP_ACK, 1, 1, 3);
    say(TCP_ACK, 1, 5, 0, 0);
    EXPECT_NOTHING();
    tcp = 0;
    end();
}

/* RFC 2525, section 2.17, and RFC 9293, section 3.6.1: bytes that nobody read, or will. */
static void unread(void)
{
    begin();
    say(TCP_ACK, 1, 1, "hello", 5);
    tcp_close(tcp);
    EXPECT(TCP_RST | TCP_ACK, 1, 6, 0);
    CHECK(tcp_connections == 0);
    end();

    begin();
    tcp_close(tcp);
    EXPECT(TCP_FIN | TCP_ACK, 1, 1, 0);
    say(TCP_ACK, 1, 2, "hello", 5);
    EXPECT(TCP_RST | TCP_ACK, 2, 1, 0);
    CHECK(tcp_connections == 0);
    end();
}

/* What came before a reset can still be read; then comes the error, then the end. */
static void reset(void)
{
    begin();
    say(TCP_ACK, 1, 1, "hello", 5);
    say(TCP_RST, 6, 0, 0, 0);
    CHECK(tcp_ready(tcp) & POLLERR && tcp_ready(tcp) & POLLHUP);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 5);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == -ECONNRESET);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 0 && tcp_send(tcp, "x", 1, false) == -EPIPE);
    tcp_close(tcp);
    EXPECT_NOTHING();
    end();
}

/* A peer that neither closes nor reads does not keep a connection that nobody has any more. */
static void abandoned(void)
{
    begin();
    tcp_close(tcp);
    EXPECT(TCP_FIN | TCP_ACK, 1, 1, 0);
    say(TCP_ACK, 1, 2, 0, 0);
    pass(59 * SECONDS);
    CHECK(tcp_connections == 1);
    pass(2 * SECONDS);
    CHECK(tcp_connections == 0);
    peer_reset();

    tcp = opened_by_peer(listener);
    peer_window = 0;
    say(TCP_ACK, 1, 1, 0, 0);
    CHECK(tcp_send(tcp, "hello", 5, false) == 5);
    tcp_close(tcp);
    pass(61 * SECONDS);
    CHECK(tcp_connections == 0);
    end();
}

/* RFC 1122, section 4.2.2.13: the same two ends may begin anew with higher numbers. */
static void again(void)
{
    begin();
    tcp_close(tcp);
    EXPECT(TCP_FIN | TCP_ACK, 1, 1, 0);
    say(TCP_FIN | TCP_ACK, 1, 2, 0, 0);
    EXPECT(TCP_ACK, 2, 2, 0);
    uint32_t before = our_iss;
    pass(1 * SECONDS);
    say(TCP_SYN, 1000, 0, 0, 0);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1001, 0);
    CHECK(seq_before(before, our_iss));
    say(TCP_ACK, 1001, 1, 0, 0);
    int error;
    tcp = tcp_accept(listener, &error);
    CHECK(tcp);
    tcp_abort(tcp);
    end();
}

/* A listener that closes resets who waits, and forgets who has not answered. */
static void listener_closes(void)
{
    listener = listen_here(5);
    say(TCP_SYN, 0, 0, 0, 0);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    say(TCP_ACK, 1, 1, 0, 0);
    uint16_t first = peer_port;
    peer_port = WIRE16(4001);
    say(TCP_SYN, 0, 0, 0, 0);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    tcp_close(listener);
    struct sent sent;
    CHECK(next_sent(&sent) && sent.flags & TCP_RST && sent.destination_port == first);
    say(TCP_ACK, 1, 1, 0, 0);
    EXPECT(TCP_RST, 1, 0, 0);
    all_gone();
}

/* One that waits and is reset is not there to be accepted. */
static void reset_while_waiting(void)
{
    int error;

    listener = listen_here(5);
    say(TCP_SYN, 0, 0, 0, 0);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    say(TCP_ACK, 1, 1, "hello", 5);
    say(TCP_RST, 6, 0, 0, 0);
    CHECK(!tcp_accept(listener, &error) && error == -EAGAIN && tcp_connections == 0);
    end();
}

void test_closing(void)
{
    we_close_first();
    peer_closes_first();
    both_close();
    half_close();
    reading_ends();
    lost_fin();
    unread();
    reset();
    abandoned();
    again();
    listener_closes();
    reset_while_waiting();
}
