/* SPDX-License-Identifier: MIT */
/* sending.c: when text is sent, and sent again. The peer's largest segment is 1,000 bytes. */
#include "conformance.h"

static char bytes[70000];
static struct tcp *listener, *tcp;
static unsigned told;

static void changed(void *owner)
{
    (void)owner;
    told++;
}

/* Waits until our first sequence number will be one after which they begin at 0 again. */
static void wait_for_end_of_numbers(void)
{
    struct endpoint here = {OUR_ADDRESS, PORT}, there = {PEER_ADDRESS, PEER_PORT};

    pass((uint64_t)(0xffffff00u - tcp_first_seq(here, there)) * 4000);
}

static void begin(void)
{
    listener = listen_here(5);
    wait_for_end_of_numbers();
    tcp = opened_by_peer(listener);
    tcp_watch(tcp, changed, 0);
    told = 0;
}

static void end(void)
{
    tcp_abort(tcp);
    tcp_close(listener);
    all_gone();
}

static uint32_t expect_segments(uint32_t seq, unsigned count)
{
    for (unsigned i = 0; i < count; i++, seq += 1000)
        EXPECT(TCP_ACK, seq, 1, 1000);
    return seq;
}

/* RFC 9293, section 3.7.4: one small segment under way, unless the program says otherwise. */
static void nagle(void)
{
    begin();
    CHECK(tcp_send(tcp, bytes, 10, false) == 10);
    EXPECT(TCP_ACK, 1, 1, 10);
    CHECK(tcp_send(tcp, bytes, 20, false) == 20 && tcp_send(tcp, bytes, 30, false) == 30);
    EXPECT_NOTHING();
    say(TCP_ACK, 1, 11, 0, 0);
    EXPECT(TCP_ACK, 11, 1, 50);
    struct tcp_options options = tcp_options(tcp);
    options.nodelay = true;
    tcp_set_options(tcp, &options);
    CHECK(tcp_send(tcp, bytes, 10, false) == 10);
    EXPECT(TCP_ACK, 61, 1, 10);
    end();
}

/* MSG_MORE keeps a small segment back: until there is more, or for the time after which it would be sent again. */
static void more(void)
{
    begin();
    CHECK(tcp_send(tcp, bytes, 600, true) == 600);
    EXPECT_NOTHING();
    CHECK(tcp_send(tcp, bytes, 600, true) == 600);
    EXPECT(TCP_ACK, 1, 1, 1000);
    CHECK(tcp_send(tcp, bytes, 100, false) == 100);
    EXPECT_NOTHING();
    say(TCP_ACK, 1, 1001, 0, 0);
    EXPECT(TCP_ACK, 1001, 1, 300);
    say(TCP_ACK, 1, 1301, 0, 0);
    CHECK(tcp_send(tcp, bytes, 5, true) == 5);
    EXPECT_NOTHING();
    pass(1 * SECONDS);
    EXPECT(TCP_ACK, 1301, 1, 5);
    end();
}

/* RFC 5681, section 3.1, with the first window of RFC 6928. */
static void slow_start(void)
{
    begin();
    CHECK(tcp_send(tcp, bytes, 60000, false) == 60000);
    uint32_t seq = expect_segments(1, 10);
    EXPECT_NOTHING();
    say(TCP_ACK, 1, 1001, 0, 0); /* one left, and the window grows by one */
    seq = expect_segments(seq, 2);
    EXPECT_NOTHING();
    say(TCP_ACK, 1, 3001, 0, 0);
    seq = expect_segments(seq, 3);
    EXPECT_NOTHING();
    end();
}

/* After 4 GiB the numbers are again where they began, which is nothing special then. */
static void long_lived(void)
{
    begin();
    tcp->iss = tcp->snd_una;
    CHECK(tcp_send(tcp, bytes, 10, false) == 10);
    EXPECT(TCP_ACK, 1, 1, 10);
    say(TCP_ACK, 1, 11, 0, 0);
    CHECK(tcp_unsent(tcp) == 0 && tcp_send(tcp, "x", 1, false) == 1);
    EXPECT(TCP_ACK, 11, 1, 1);
    tcp_shutdown(tcp, false, true);
    EXPECT(TCP_FIN | TCP_ACK, 12, 1, 0);
    end();
}

/* RFC 5681, section 4.1: after a pause it begins again with the first window. */
static void pause(void)
{
    struct sent sent;

    begin();
    CHECK(tcp_send(tcp, bytes, 65536, false) == 65536);
    for (uint32_t acked = 1; tcp_unsent(tcp); acked = sent.seq + (uint32_t)sent.len) {
        say(TCP_ACK, 1, acked, 0, 0);
        while (next_sent(&sent) && sent.seq + sent.len < acked)
            ;
        if (!sent.len)
            break;
    }
    while (next_sent(&sent))
        ;
    say(TCP_ACK, 1, 65537, 0, 0);
    CHECK(tcp_unsent(tcp) == 0 && tcp->cwnd > 20000);
    pass(1 * SECONDS);
    CHECK(tcp_send(tcp, bytes, 65536, false) == 65536);
    expect_segments(65537, 10);
    EXPECT_NOTHING();
    end();
}

/* RFC 6298: the time doubles, and the window is one segment then. RFC 1122, section 4.2.3.5: at last it gives up. */
static void time_out(void)
{
    begin();
    CHECK(tcp_send(tcp, bytes, 3000, false) == 3000);
    expect_segments(1, 3);
    uint64_t wait = tcp->rto;
    CHECK(wait == 200 * MS);
    for (int i = 0; i < 10; i++) {
        pass(wait - 1);
        EXPECT_NOTHING();
        pass(1);
        EXPECT(TCP_ACK, 1, 1, 1000);
        wait = wait * 2 > 60 * SECONDS ? 60 * SECONDS : wait * 2;
    }
    told = 0;
    pass(wait);
    EXPECT(TCP_RST | TCP_ACK, 3001, 1, 0);
    CHECK(told == 1 && tcp_ready(tcp) & POLLERR && tcp_take_error(tcp) == -ETIMEDOUT);
    CHECK(tcp_send(tcp, bytes, 1, false) == -EPIPE && tcp_receive(tcp, bytes, 1, false) == 0);
    end();
}

/* After a time-out, what was under way is sent again as acknowledgements allow, and no round trip is taken from it
 * (Karn's algorithm). */
static void recovers_from_time_out(void)
{
    begin();
    CHECK(tcp_send(tcp, bytes, 4000, false) == 4000);
    expect_segments(1, 4);
    pass(200 * MS);
    EXPECT(TCP_ACK, 1, 1, 1000);
    uint64_t srtt = tcp->srtt;
    pass(100 * MS);
    say(TCP_ACK, 1, 1001, 0, 0);
    expect_segments(1001, 2);
    /* Duplicates now are what was sent twice, not what was lost again (RFC 6582, section 3.2, step 2). */
    for (int i = 0; i < 3; i++)
        say(TCP_ACK, 1, 1001, 0, 0);
    EXPECT_NOTHING();
    say(TCP_ACK, 1, 4001, 0, 0);
    EXPECT_NOTHING();
    CHECK(tcp->srtt == srtt && tcp_unsent(tcp) == 0);
    pass(10 * SECONDS);
    EXPECT_NOTHING();
    end();
}

/* RFC 5681, section 3.2, and RFC 6582: the third duplicate brings the lost one, a partial acknowledgement the next. */
static void fast_retransmit(void)
{
    begin();
    CHECK(tcp_send(tcp, bytes, 10000, false) == 10000);
    expect_segments(1, 10);
    say(TCP_ACK, 1, 1, 0, 0);
    say(TCP_ACK, 1, 1, 0, 0);
    EXPECT_NOTHING();
    say(TCP_ACK, 1, 1, 0, 0);
    EXPECT(TCP_ACK, 1, 1, 1000);
    CHECK(tcp->ssthresh == 5000 && tcp->cwnd == 8000);
    say(TCP_ACK, 1, 1, 0, 0);
    EXPECT_NOTHING();
    uint64_t srtt = tcp->srtt;
    pass(100 * MS);
    say(TCP_ACK, 1, 5001, 0, 0);
    EXPECT(TCP_ACK, 5001, 1, 1000);
    say(TCP_ACK, 1, 10001, 0, 0);
    EXPECT_NOTHING();
    CHECK(tcp->cwnd <= 5000 && !tcp->recovery && tcp->srtt == srtt);
    /* From there on the window grows by a segment in each round trip, not with each acknowledgement. */
    CHECK(tcp_send(tcp, bytes, 60000, false) == 60000);
    for (uint32_t acked = 11001; acked < 30000; acked += 1000) {
        uint32_t before = tcp->cwnd;

        say(TCP_ACK, 1, acked, 0, 0);
        CHECK(tcp->cwnd == before + (before < tcp->ssthresh ? 1000 : 1000 * 1000 / before));
    }
    CHECK(tcp->cwnd > tcp->ssthresh);
    peer_reset();
    end();
}

/* RFC 9293, section 3.8.6.1: a closed window is asked again and again, never given up while it is answered; and what
 * waited goes out when it opens. */
static void closed_window(void)
{
    begin();
    peer_window = 0;
    say(TCP_ACK, 1, 1, 0, 0);
    CHECK(tcp_send(tcp, bytes, 3000, false) == 3000);
    EXPECT_NOTHING();
    for (int i = 0; i < 30; i++) {
        pass(60 * SECONDS);
        struct sent sent;
        CHECK(next_sent(&sent));
        do
            CHECK(sent.seq == 1 && sent.len == 1);
        while (next_sent(&sent));
        say(TCP_ACK, 1, 1, 0, 0);
    }
    CHECK(!tcp_take_error(tcp));
    peer_window = 2000;
    say(TCP_ACK, 1, 1, 0, 0);
    expect_segments(1, 2);
    EXPECT_NOTHING();
    peer_window = 65535;
    say(TCP_ACK, 1, 2001, 0, 0);
    expect_segments(2001, 1);
    end();
}

/* Section 3.8.6.2.1: no silly segments into a window of a few bytes, at least not at once. */
static void silly_window(void)
{
    begin();
    peer_window = 100;
    say(TCP_ACK, 1, 1, 0, 0);
    CHECK(tcp_send(tcp, bytes, 3000, false) == 3000);
    EXPECT_NOTHING();
    pass(1 * SECONDS);
    EXPECT(TCP_ACK, 1, 1, 100);
    end();
}

/* The program hears that there is room again when half of it is. */
static void room(void)
{
    begin();
    CHECK(tcp_send(tcp, bytes, 70000, false) == 65536 && tcp_send(tcp, bytes, 1, false) == -EAGAIN);
    CHECK(!(tcp_ready(tcp) & POLLOUT));
    struct sent sent;
    uint32_t acked = 1;
    while (!(tcp_ready(tcp) & POLLOUT)) {
        CHECK(told == 0);
        while (next_sent(&sent))
            acked = sent.seq + (uint32_t)sent.len;
        say(TCP_ACK, 1, acked, 0, 0);
    }
    CHECK(told == 1 && tcp_unsent(tcp) <= 32768);
    end();
}

/* Window scale: the peer's window is what it says, times its scale. */
static void scaled(void)
{
    static const uint8_t options[] = {2, 4, 1000 >> 8, 1000 & 255, 1, 3, 3, 3};
    int error;

    listener = listen_here(5);
    say_with(TCP_SYN, 0, 0, "", 0, options, sizeof options);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    peer_window = 500;
    say(TCP_ACK, 1, 1, 0, 0);
    tcp = tcp_accept(listener, &error);
    CHECK(tcp->snd_wnd == 4000);
    CHECK(tcp_send(tcp, bytes, 5000, false) == 5000);
    expect_segments(1, 4);
    EXPECT_NOTHING();
    end();
}

/* RFC 9293, section 3.8.4: silent peers are asked, and gone if they stay silent. */
static void keep_alive(void)
{
    begin();
    struct tcp_options options = tcp_options(tcp);
    options.keepalive = true;
    options.keep_idle = 10;
    options.keep_interval = 2;
    options.keep_count = 3;
    tcp_set_options(tcp, &options);
    pass(10 * SECONDS);
    EXPECT(TCP_ACK, 0, 1, 0);
    say(TCP_ACK, 1, 1, 0, 0);
    pass(9 * SECONDS);
    EXPECT_NOTHING();
    pass(1 * SECONDS);
    for (int i = 0; i < 3; i++) {
        EXPECT(TCP_ACK, 0, 1, 0);
        pass(2 * SECONDS);
    }
    EXPECT(TCP_RST | TCP_ACK, 1, 1, 0);
    CHECK(tcp_take_error(tcp) == -ETIMEDOUT);
    end();
}

static void user_timeout(void)
{
    begin();
    struct tcp_options options = tcp_options(tcp);
    options.user_timeout = 1000;
    tcp_set_options(tcp, &options);
    CHECK(tcp_send(tcp, bytes, 10, false) == 10);
    pass(500 * MS);
    CHECK(!(tcp_ready(tcp) & POLLERR));
    pass(1500 * MS);
    CHECK(tcp_take_error(tcp) == -ETIMEDOUT);
    end();
}

/* Without memory for packets nothing is sent; with it, all is, and a program is told so. */
static void no_packets(void)
{
    begin();
    no_memory = true;
    CHECK(tcp_send(tcp, bytes, 10, false) == -ENOBUFS);
    no_memory = false;
    CHECK(tcp_send(tcp, bytes, 10, false) == 10);
    EXPECT(TCP_ACK, 1, 1, 10);
    no_memory = true;
    pass(250 * MS);
    EXPECT_NOTHING();
    no_memory = false;
    pass(500 * MS);
    EXPECT(TCP_ACK, 1, 1, 10);
    end();
}

void test_sending(void)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    nagle();
    more();
    slow_start();
    long_lived();
    pause();
    time_out();
    recovers_from_time_out();
    fast_retransmit();
    closed_window();
    silly_window();
    room();
    scaled();
    keep_alive();
    user_timeout();
    no_packets();
}
