/* SPDX-License-Identifier: MIT */
/* limits.c: what happens when there is too much of anything. */
#include "conformance.h"

static int error;

/* The peer's n-th connection. */
static struct tcp *open_nth(struct tcp *listener, unsigned n)
{
    peer_port = htobe16((uint16_t)(10000 + n));
    say(TCP_SYN, 0, 0, 0, 0);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    say(TCP_ACK, 1, 1, 0, 0);
    EXPECT_NOTHING();
    return tcp_accept(listener, &error);
}

static void connections(void)
{
    struct tcp *listener = listen_here(300), *all[TCP_CONNECTIONS], *more;

    for (unsigned i = 0; i < TCP_CONNECTIONS; i++)
        CHECK(all[i] = open_nth(listener, i));
    /* One more is refused, as is one of our own. */
    peer_reset();
    peer_port = WIRE16(999);
    say(TCP_SYN, 0, 0, 0, 0);
    EXPECT(TCP_RST | TCP_ACK, 0, 1, 0);
    more = tcp_open();
    CHECK(tcp_connect(more, (struct endpoint){PEER_ADDRESS, PEER_PORT}) == -ENOBUFS);
    tcp_close(more);
    /* When one has ended there is room. */
    tcp_abort(all[7]);
    peer_reset();
    CHECK(all[7] = open_nth(listener, 1000));
    /* Those that their programs have closed make room: the oldest first. */
    tcp_close(all[3]);
    tcp_close(all[5]);
    peer_reset();
    peer_port = WIRE16(998);
    say(TCP_SYN, 0, 0, 0, 0);
    struct sent sent;
    CHECK(next_sent(&sent) && sent.flags & TCP_RST && sent.destination_port == WIRE16(10003));
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    all[3] = all[5] = 0;
    for (unsigned i = 0; i < TCP_CONNECTIONS; i++)
        if (all[i])
            tcp_abort(all[i]);
    tcp_close(listener);
    all_gone();
}

/* As many as the backlog says wait. The next hears nothing, tries again, and is let in when there is room. */
static void backlog(void)
{
    struct tcp *listener = listen_here(2), *tcp;

    for (unsigned i = 0; i < 3; i++) {
        peer_port = htobe16((uint16_t)(10000 + i));
        say(TCP_SYN, 0, 0, 0, 0);
        if (i < 2) {
            EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
            say(TCP_ACK, 1, 1, 0, 0);
        }
        EXPECT_NOTHING();
    }
    CHECK((tcp = tcp_accept(listener, &error)));
    tcp_abort(tcp);
    peer_reset();
    peer_port = WIRE16(10002);
    say(TCP_SYN, 0, 0, 0, 0);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    tcp_close(listener);
    all_gone();
}

/* The backlog fills up between a SYN and the last of its handshake: that is as good as lost, and sent again. */
static void backlog_meanwhile(void)
{
    struct tcp *listener = listen_here(1), *tcp;

    for (unsigned i = 0; i < 2; i++) {
        peer_port = htobe16((uint16_t)(10000 + i));
        say(TCP_SYN, 0, 0, 0, 0);
        EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    }
    uint32_t second = our_iss;
    tcp = open_nth(listener, 2);
    CHECK(tcp);
    tcp_abort(tcp);
    CHECK(next_sent(&(struct sent){0}));
    peer_port = WIRE16(10003);
    say(TCP_SYN, 0, 0, 0, 0);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    say(TCP_ACK, 1, 1, 0, 0);
    peer_port = WIRE16(10001);
    our_iss = second;
    say(TCP_ACK, 1, 1, 0, 0);
    EXPECT_NOTHING();
    CHECK((tcp = tcp_accept(listener, &error)) && !tcp_accept(listener, &error));
    tcp_abort(tcp);
    say(TCP_ACK, 1, 1, 0, 0);
    CHECK((tcp = tcp_accept(listener, &error)) && tcp_remote(tcp).port == WIRE16(10001));
    tcp_abort(tcp);
    tcp_close(listener);
    all_gone();
}

/* SYNs that nobody follows up: bounded memory, and who means it is served all the same. */
static void flood(void)
{
    struct tcp *listener = listen_here(100), *tcp;
    unsigned most = 0;

    for (unsigned i = 0; i < 50000; i++) {
        peer_port = htobe16((uint16_t)(20000 + random_number() % 40000));
        say(TCP_SYN, random_number(), 0, 0, 0);
        peer_reset();
        most = objects_held > most ? objects_held : most;
        if (i % 100 == 0) {
            CHECK((tcp = open_nth(listener, i / 100)));
            tcp_abort(tcp);
            peer_reset();
        }
    }
    CHECK(most <= TCP_HALF_OPEN + 2 && packets_held == 0);
    tcp_close(listener);
    all_gone();
}

/* Many short connections: each ends in TIME-WAIT here, and no more is kept than a bounded number. */
static void short_ones(void)
{
    struct tcp *listener = listen_here(100), *tcp;

    for (unsigned i = 0; i < 5000; i++) {
        CHECK((tcp = open_nth(listener, i)));
        tcp_close(tcp);
        EXPECT(TCP_FIN | TCP_ACK, 1, 1, 0);
        say(TCP_FIN | TCP_ACK, 1, 2, 0, 0);
        EXPECT(TCP_ACK, 2, 2, 0);
    }
    CHECK(objects_held == TCP_TIME_WAITS + 1 && tcp_connections == 0);
    tcp_close(listener);
    all_gone();
}

/* Connections that never read and never acknowledge: each has a little, all together a bounded amount. */
static void greedy(void)
{
    static char bytes[65536];
    struct tcp *listener = listen_here(300), *all[TCP_CONNECTIONS];

    for (unsigned i = 0; i < TCP_CONNECTIONS; i++) {
        CHECK(all[i] = open_nth(listener, i));
        long n = tcp_send(all[i], bytes, sizeof bytes, false);
        CHECK(n > 0 || n == -EAGAIN);
        for (unsigned seq = 0; seq < 60000; seq += 1000)
            say(TCP_ACK, 1 + seq, 1, bytes, 1000);
        for (unsigned seq = 62000; seq < 64000; seq += 100)
            say(TCP_ACK, 1 + seq, 1, bytes, 10);
        peer_reset();
    }
    CHECK(tcp_packets > tcp_packets_many && tcp_packets <= tcp_packets_most && packets_held == tcp_packets);
    /* Each has something. */
    for (unsigned i = 0; i < TCP_CONNECTIONS; i++)
        CHECK(all[i]->buffered > 0 && all[i]->unread > 0);
    for (unsigned i = 0; i < TCP_CONNECTIONS; i++)
        tcp_abort(all[i]);
    tcp_close(listener);
    all_gone();
}

void test_limits(void)
{
    connections();
    backlog();
    backlog_meanwhile();
    flood();
    short_ones();
    greedy();
}
