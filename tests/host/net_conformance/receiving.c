/* SPDX-License-Identifier: MIT */
/* receiving.c: text that comes, in order and not. */
#include "conformance.h"

static char text[65536], buf[70000];
static struct tcp *listener, *tcp;

static void begin(void)
{
    listener = listen_here(5);
    tcp = opened_by_peer(listener);
}

static void end(void)
{
    tcp_abort(tcp);
    tcp_close(listener);
    all_gone();
}

/* RFC 9293, section 3.8.6.3: after a moment, or with the second segment, or with what is answered. */
static void delayed(void)
{
    begin();
    say(TCP_ACK, 1, 1, text, 100);
    pass(39 * MS);
    EXPECT_NOTHING();
    pass(1 * MS);
    EXPECT(TCP_ACK, 1, 101, 0);
    say(TCP_ACK, 101, 1, text, 100);
    EXPECT_NOTHING();
    say(TCP_ACK, 201, 1, text, 100);
    EXPECT(TCP_ACK, 1, 301, 0);
    say(TCP_ACK, 301, 1, text, 100);
    CHECK(tcp_send(tcp, "answer", 6, false) == 6);
    EXPECT(TCP_ACK, 1, 401, 6);
    say(TCP_ACK, 401, 7, 0, 0);
    pass(100 * MS);
    EXPECT_NOTHING();
    end();
}

/* Every order of four segments, with and without the FIN on the last, and each twice. */
static void out_of_order(void)
{
    for (int order = 0; order < 256; order++) {
        int at[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
        bool seen[4] = {0};

        for (int i = 0; i < 4; i++)
            seen[at[i]] = true;
        if (!(seen[0] && seen[1] && seen[2] && seen[3]))
            continue;
        for (int fin = 0; fin < 2; fin++) {
            begin();
            for (int i = 0; i < 4; i++) {
                int n = at[i];
                uint8_t flags = n == 3 && fin ? TCP_ACK | TCP_FIN : TCP_ACK;

                say(flags, 1 + (uint32_t)n * 1000, 1, text + n * 1000, 1000);
                say(flags, 1 + (uint32_t)n * 1000, 1, text + n * 1000, 1000);
            }
            CHECK(tcp_receive(tcp, buf, sizeof buf, true) == 4000 &&
                  tcp_receive(tcp, buf, sizeof buf, false) == 4000);
            CHECK(memcmp(buf, text, 4000) == 0);
            CHECK(tcp_receive(tcp, buf, sizeof buf, false) == (fin ? 0 : -EAGAIN));
            pass(50 * MS);
            struct sent sent, last = {0};
            while (next_sent(&sent))
                last = sent;
            CHECK(last.ack == 4001 + (uint32_t)fin);
            end();
        }
    }
}

/* Segments that overlap in every way. */
static void overlapping(void)
{
    for (int round = 0; round < 300; round++) {
        begin();
        for (int i = 0; i < 60; i++) {
            uint32_t from = random_number() % 3000, len = 1 + random_number() % 900;

            say(TCP_ACK, 1 + from, 1, text + from, len);
        }
        for (uint32_t from = 0; from < 3900; from += 100)
            say(TCP_ACK, 1 + from, 1, text + from, 100);
        CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 3900 && memcmp(buf, text, 3900) == 0);
        end();
    }
}

/* RFC 5681, section 4.2: a gap is told at once, and that it is filled, too. */
static void gap(void)
{
    begin();
    say(TCP_ACK, 101, 1, text + 100, 100);
    EXPECT(TCP_ACK, 1, 1, 0);
    say(TCP_ACK, 201, 1, text + 200, 100);
    EXPECT(TCP_ACK, 1, 1, 0);
    say(TCP_ACK, 1, 1, text, 100);
    EXPECT(TCP_ACK, 1, 301, 0);
    end();
}

/* The window closes when nobody reads, and what comes then is not taken; it opens by a worthwhile step. */
static void window(void)
{
    begin();
    uint32_t seq = 1;
    struct sent sent, last = {0};
    while (seq < 65536) {
        uint32_t len = 65536 - seq < 1000 ? 65536 - seq : 1000;

        say(TCP_ACK, seq, 1, text + seq - 1, len);
        seq += len;
        while (next_sent(&sent))
            last = sent;
    }
    CHECK(last.ack + last.window <= 65537 && tcp_unread(tcp) == 65535);
    say(TCP_ACK, seq, 1, "xyz", 3);
    pass(50 * MS);
    while (next_sent(&sent))
        last = sent;
    CHECK(last.ack <= 65537 && last.window == 0);
    EXPECT_NOTHING();
    CHECK(tcp_receive(tcp, buf, 500, false) == 500);
    EXPECT_NOTHING();
    say(TCP_ACK, last.ack, 1, "xyz", 3);
    CHECK(next_sent(&sent) && sent.window == 0);
    CHECK(tcp_receive(tcp, buf, 1500, false) == 1500);
    EXPECT_NOTHING();
    CHECK(tcp_receive(tcp, buf, 1500, false) == 1500);
    CHECK(next_sent(&sent) && sent.len == 0 && sent.window >= 2920);
    end();
}

/* What of a segment lies beyond the window is cut off, and its FIN with it. */
static void beyond(void)
{
    listener = listen_here(5);
    struct tcp_options options = tcp_options(listener);
    options.receive_size = 4096;
    tcp_set_options(listener, &options);
    tcp = opened_by_peer(listener);
    for (uint32_t seq = 1; seq < 4001; seq += 1000)
        say(TCP_ACK, seq, 1, text + seq - 1, 1000);
    say(TCP_ACK | TCP_FIN, 4001, 1, text + 4000, 1000);
    CHECK(tcp_unread(tcp) == 4096 && !tcp->fin_received);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 4096 && memcmp(buf, text, 4096) == 0);
    say(TCP_ACK | TCP_FIN, 4001, 1, text + 4000, 1000);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 904 && memcmp(buf, text + 4096, 904) == 0);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 0);
    end();
}

/* A peer that sends a byte at a time ties up no more memory than one that does not. */
static void bytes(void)
{
    begin();
    for (uint32_t i = 0; i < 10000; i++)
        say(TCP_ACK, 1 + i, 1, text + i, 1);
    CHECK(tcp->held <= 10000 / 1000);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 10000 && memcmp(buf, text, 10000) == 0);
    /* Early ones are limited, whatever their size. */
    for (uint32_t i = 0; i < 10000; i++)
        say(TCP_ACK, 10001 + 2 * (i + 1), 1, text, 1);
    CHECK(tcp->held <= 64);
    end();
}

/* Section 3.8.5: the urgent pointer changes nothing for who does not use it. */
static void urgent(void)
{
    begin();
    say(TCP_ACK | TCP_URG, 1, 1, text, 10);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 10);
    end();
}

/* RFC 5961, section 7: what does not fit is answered, but not without end. */
static void challenges(void)
{
    begin();
    struct sent sent;
    unsigned answers = 0;
    for (int i = 0; i < 1000; i++)
        say(TCP_RST, 100, 0, 0, 0);
    while (next_sent(&sent))
        answers++;
    CHECK(answers == 10 && tcp_is_connected(tcp));
    pass(5 * SECONDS);
    say(TCP_SYN, 1, 0, 0, 0);
    EXPECT(TCP_ACK, 1, 1, 0);
    end();
}

static void malformed(void)
{
    static const uint8_t options[][4] = {{2, 0, 0, 0}, {2, 1, 0, 0}, {2, 200, 0, 0}, {3, 2, 0, 0}, {1, 1, 1, 2}};
    struct tcp_header header = {.source = PEER_PORT, .destination = PORT, .offset = 0x50, .flags = TCP_SYN};
    uint32_t before = net_counters.malformed + net_counters.checksum;

    listener = listen_here(50);
    for (size_t len = 0; len <= sizeof header; len++)
        send_ip(PROTOCOL_TCP, &header, len); /* too short, and at last with a wrong checksum */
    CHECK(net_counters.malformed + net_counters.checksum == before + sizeof header + 1);
    EXPECT_NOTHING();
    for (int i = 0; i < 5; i++) {
        peer_port = WIRE16(5000) + (uint16_t)i;
        say_with(TCP_SYN, 0, 0, "", 0, options[i], 4);
        EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    }
    tcp_close(listener);
    all_gone();
}

void test_receiving(void)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)random_number();
    delayed();
    out_of_order();
    overlapping();
    gap();
    window();
    beyond();
    bytes();
    urgent();
    challenges();
    malformed();
}
