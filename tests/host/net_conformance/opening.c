/* SPDX-License-Identifier: MIT */
/* opening.c: handshakes. */
#include "conformance.h"

#include "checksum.h"

static const struct endpoint peer = {PEER_ADDRESS, PEER_PORT};
static unsigned told;

static void changed(void *owner)
{
    (void)owner;
    told++;
}

static void accepts_with_options(void)
{
    static const uint8_t options[] = {2, 4, 1000 >> 8, 1000 & 255, 1, 3, 3, 7};
    struct tcp *listener = listen_here(5);
    int error;

    CHECK(!tcp_accept(listener, &error) && error == -EAGAIN);
    tcp_watch(listener, changed, 0);
    told = 0;
    say_with(TCP_SYN, 0, 0, "", 0, options, sizeof options);
    struct sent sent = EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    CHECK(sent.mss == 1460 && sent.scale >= 0);
    CHECK(told == 0 && tcp_ready(listener) == 0);
    /* A window is told as it is in a SYN, and in units of the scale afterwards. */
    CHECK(sent.window == 65535);
    uint32_t unit = 1u << sent.scale;
    say(TCP_SYN, 5, 0, 0, 0);
    sent = EXPECT(TCP_ACK, 1, 1, 0);
    CHECK(sent.window == 65536 / unit);
    /* The last of the handshake may carry text. */
    say(TCP_ACK, 1, 1, "hello", 5);
    CHECK(told == 1 && tcp_ready(listener) == POLLIN);
    struct tcp *tcp = tcp_accept(listener, &error);
    char buf[10];
    CHECK(tcp && tcp->mss == 1000 && tcp->snd_scale == 7 && tcp_ready(tcp) == (POLLIN | POLLOUT));
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 5 && memcmp(buf, "hello", 5) == 0);
    CHECK(tcp_remote(tcp).address == PEER_ADDRESS && tcp_remote(tcp).port == PEER_PORT);
    CHECK(tcp_local(tcp).address == OUR_ADDRESS && tcp_local(tcp).port == PORT);
    say(TCP_ACK, 6, 1, "hello", 5);
    pass(50 * MS);
    sent = EXPECT(TCP_ACK, 1, 11, 0);
    CHECK(sent.window <= (65536 - 5) / unit && sent.window >= 60000 / unit);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 5);
    tcp_abort(tcp);
    EXPECT(TCP_RST | TCP_ACK, 1, 11, 0);
    tcp_close(listener);
    all_gone();
}

/* RFC 9293, section 3.7.1: without the option, 536. RFC 7323, section 2.2: no scale unless both have it. */
static void accepts_without_options(void)
{
    struct tcp *listener = listen_here(5);
    int error;

    say(TCP_SYN, 0, 0, 0, 0);
    struct sent sent = EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    CHECK(sent.scale == -1);
    say(TCP_ACK, 1, 1, 0, 0);
    struct tcp *tcp = tcp_accept(listener, &error);
    CHECK(tcp->mss == 536 && tcp->snd_scale == 0 && tcp->rcv_scale == 0);
    tcp_close(listener);
    tcp_abort(tcp);
    all_gone();
}

/* A SYN and its answer are sent again after 1, 2, 4 ... seconds, and not for ever. */
static void answers_again(void)
{
    struct tcp *listener = listen_here(5);

    say(TCP_SYN, 0, 0, 0, 0);
    for (int i = 0; i < 6; i++) {
        EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
        pass((1000ull << i) * MS - 1 * MS);
        EXPECT_NOTHING();
        pass(1 * MS);
    }
    EXPECT_NOTHING();
    pass(100 * SECONDS);
    EXPECT_NOTHING();
    /* The SYN again, because the answer was lost. */
    say(TCP_SYN, 0, 0, 0, 0);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    say(TCP_SYN, 0, 0, 0, 0);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    /* Which of two that were sent is answered nobody knows, so it tells no round trip (RFC 6298, section 3). */
    pass(1 * SECONDS);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    say(TCP_ACK, 1, 1, 0, 0);
    int error;
    struct tcp *tcp = tcp_accept(listener, &error);
    CHECK(tcp && tcp->srtt == 0);
    tcp_abort(tcp);
    tcp_close(listener);
    all_gone();
}

static void connects(void)
{
    struct tcp *tcp = tcp_open();

    tcp_watch(tcp, changed, 0);
    told = 0;
    CHECK(tcp_connect(tcp, peer) == 0 && tcp_connect(tcp, peer) == -EALREADY && tcp_ready(tcp) == 0);
    struct sent sent = EXPECT(TCP_SYN, 0, 0, 0);
    CHECK(sent.mss == 1460 && sent.scale >= 0 && be16toh(our_port) >= 49152);
    CHECK(tcp_send(tcp, "x", 1, false) == -EAGAIN && told == 0);
    say(TCP_SYN | TCP_ACK, 0, 1, 0, 0);
    EXPECT(TCP_ACK, 1, 1, 0);
    CHECK(told == 1 && tcp_ready(tcp) == POLLOUT && tcp_connect(tcp, peer) == -EISCONN);
    CHECK(tcp_send(tcp, "x", 1, false) == 1);
    EXPECT(TCP_ACK, 1, 1, 1);
    tcp_abort(tcp);
    all_gone();
}

static void connects_to_nobody(void)
{
    struct tcp *tcp = tcp_open();

    CHECK(tcp_connect(tcp, peer) == 0);
    EXPECT(TCP_SYN, 0, 0, 0);
    /* A reset that acknowledges something else is not about this SYN. */
    say(TCP_RST | TCP_ACK, 0, 77, 0, 0);
    CHECK(tcp_is_connecting(tcp));
    say(TCP_RST | TCP_ACK, 0, 1, 0, 0);
    CHECK(tcp_ready(tcp) & POLLERR && tcp_take_error(tcp) == -ECONNREFUSED && tcp_take_error(tcp) == 0);
    /* It may try again. */
    CHECK(tcp_connect(tcp, peer) == 0);
    EXPECT(TCP_SYN, 0, 0, 0);
    pass(1 * SECONDS);
    EXPECT(TCP_SYN, 0, 0, 0);
    pass(2 * SECONDS);
    EXPECT(TCP_SYN, 0, 0, 0);
    pass(300 * SECONDS);
    CHECK(tcp_take_error(tcp) == -ETIMEDOUT);
    tcp_close(tcp);
    all_gone();
}

/* The peer's ICMP says that nobody is there, about that segment of ours. */
static void complain(uint8_t code, uint32_t seq)
{
    struct {
        struct icmp_header icmp;
        struct ipv4_header ip;
        uint16_t source, destination;
        uint32_t seq;
    } PACKED message = {.icmp = {.type = ICMP_UNREACHABLE, .code = code},
                        .ip = {.version_length = 0x45,
                               .protocol = PROTOCOL_TCP,
                               .source = OUR_ADDRESS,
                               .destination = PEER_ADDRESS},
                        .source = our_port,
                        .destination = PEER_PORT,
                        .seq = htobe32(our_iss + seq)};

    message.icmp.checksum = checksum_fold(checksum_add(0, &message, sizeof message));
    send_ip(PROTOCOL_ICMP, &message, sizeof message);
}

/* It ends an attempt that cannot succeed, or says why one that nobody answered did not; if it is about what is under
 * way, which a stranger would have to guess. */
static void icmp_tells(void)
{
    struct tcp *tcp = tcp_open();

    CHECK(tcp_connect(tcp, peer) == 0);
    EXPECT(TCP_SYN, 0, 0, 0);
    complain(ICMP_PORT, 12345);
    CHECK(tcp_is_connecting(tcp));
    complain(ICMP_PORT, 0);
    CHECK(tcp_take_error(tcp) == -ECONNREFUSED);
    CHECK(tcp_connect(tcp, peer) == 0);
    EXPECT(TCP_SYN, 0, 0, 0);
    complain(ICMP_HOST, 0);
    CHECK(tcp_is_connecting(tcp));
    pass(300 * SECONDS);
    CHECK(tcp_take_error(tcp) == -EHOSTUNREACH);
    peer_reset();
    CHECK(tcp_connect(tcp, peer) == 0);
    EXPECT(TCP_SYN, 0, 0, 0);
    say(TCP_SYN | TCP_ACK, 0, 1, 0, 0);
    EXPECT(TCP_ACK, 1, 1, 0);
    CHECK(tcp_send(tcp, "x", 1, false) == 1);
    complain(ICMP_PORT, 1);
    CHECK(tcp_is_connected(tcp) && !tcp_take_error(tcp));
    tcp_abort(tcp);
    all_gone();
}

/* RFC 9293, section 3.5, figure 8. */
static void both_connect(void)
{
    struct tcp *tcp = tcp_open();

    CHECK(tcp_connect(tcp, peer) == 0);
    EXPECT(TCP_SYN, 0, 0, 0);
    say(TCP_SYN, 0, 0, 0, 0);
    EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
    say(TCP_SYN | TCP_ACK, 0, 1, 0, 0);
    CHECK(tcp_is_connected(tcp));
    say(TCP_ACK, 1, 1, "hello", 5);
    pass(50 * MS);
    EXPECT(TCP_ACK, 1, 6, 0);
    tcp_abort(tcp);
    all_gone();
}

static void says_why_not(void)
{
    struct tcp *a = tcp_open(), *b = tcp_open();

    CHECK(tcp_bind(a, (struct endpoint){PEER_ADDRESS, PORT}) == -EADDRNOTAVAIL);
    CHECK(tcp_bind(a, (struct endpoint){OUR_ADDRESS, PORT}) == 0);
    CHECK(tcp_bind(a, (struct endpoint){OUR_ADDRESS, PORT}) == -EINVAL);
    CHECK(tcp_bind(b, (struct endpoint){0, PORT}) == -EADDRINUSE);
    CHECK(tcp_bind(b, (struct endpoint){WIRE32(0x7f000001), PORT}) == 0);
    CHECK(tcp_send(a, "x", 1, false) == -ENOTCONN && tcp_receive(a, &(char){0}, 1, false) == -ENOTCONN);
    CHECK(tcp_shutdown(a, true, true) == -ENOTCONN);
    CHECK(tcp_listen(a, 1) == 0 && tcp_connect(a, peer) == -EOPNOTSUPP);
    CHECK(tcp_connect(b, (struct endpoint){WIRE32(0xffffffff), PORT}) == -ENETUNREACH);
    tcp_close(a);
    tcp_close(b);
    all_gone();
}

/* The stack with itself, over the loopback. */
static void loops_back(void)
{
    struct tcp *listener = listen_here(5), *client = tcp_open();
    int error;
    char buf[8];

    CHECK(tcp_connect(client, (struct endpoint){WIRE32(0x7f000001), PORT}) == 0);
    pass(0);
    struct tcp *server = tcp_accept(listener, &error);
    CHECK(server && tcp_is_connected(client));
    CHECK(tcp_send(server, "ping", 4, false) == 4);
    pass(0);
    CHECK(tcp_receive(client, buf, sizeof buf, false) == 4 && memcmp(buf, "ping", 4) == 0);
    tcp_close(server);
    tcp_close(client);
    tcp_close(listener);
    EXPECT_NOTHING();
    all_gone();
}

/* A stream that is connected to itself: both ends of a SYN that crosses with itself. */
static void meets_itself(void)
{
    struct tcp *tcp = tcp_open();
    struct endpoint self = {WIRE32(0x7f000001), WIRE16(4001)};
    char buf[8];

    CHECK(tcp_bind(tcp, self) == 0 && tcp_connect(tcp, self) == 0);
    pass(0);
    CHECK(tcp_is_connected(tcp) && tcp_send(tcp, "me", 2, false) == 2);
    pass(0);
    CHECK(tcp_receive(tcp, buf, sizeof buf, false) == 2 && memcmp(buf, "me", 2) == 0);
    tcp_close(tcp);
    all_gone();
}

void test_opening(void)
{
    accepts_with_options();
    accepts_without_options();
    answers_again();
    connects();
    connects_to_nobody();
    icmp_tells();
    both_connect();
    says_why_not();
    loops_back();
    meets_itself();
}
