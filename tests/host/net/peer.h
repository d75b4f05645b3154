/* SPDX-License-Identifier: MIT */
/*
 * peer.h: another machine, 10.0.0.2, whose every segment a test writes itself.
 *
 * Sequence numbers are relative: ours (the stack's) and the peer's first both count
 * as 0, so that the first byte of text is 1.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"
#include "wire.h"

#define OUR_ADDRESS WIRE32(0x0a000001)
#define PEER_ADDRESS WIRE32(0x0a000002)
#define PORT WIRE16(80)        /* where the stack listens */
#define PEER_PORT WIRE16(4000) /* where the peer does its part */

#define PEER_ISS 0xfffff000u /* so that its numbers soon begin at 0 again */

/* A packet that the stack sent. */
struct sent {
    uint8_t protocol; /* 0: ARP */
    uint32_t destination;
    /* TCP; the ports for UDP too */
    uint16_t source_port, destination_port;
    uint8_t flags;
    uint32_t seq, ack;
    uint32_t window;
    int mss, scale; /* -1: not there */
    /* behind all headers */
    size_t len;
    uint8_t text[1500];
};

/* Begins to take down what the stack sends. Answers its ARP requests, unless told not to. */
void peer_init(void);
extern bool peer_answers_arp;

/* The next thing that the stack sent; false if there is none. ARP is left out if the peer answers it. */
bool next_sent(struct sent *sent);

/* Forgets what was sent so far, and how the numbers of a connection were counted. */
void peer_reset(void);

/* The ports of the connection at hand, and what counts as 0. Set by the peer's or the stack's SYN. */
extern uint16_t our_port, peer_port;
extern uint32_t our_iss;

/* The peer sends a segment, which is there at once. */
void say(uint8_t flags, uint32_t seq, uint32_t ack, const void *text, size_t len);

/* The same with another window than 65535, and options for its header. */
extern uint16_t peer_window;
void say_with(uint8_t flags, uint32_t seq, uint32_t ack, const void *text, size_t len, const uint8_t *options,
              size_t options_len);

/* Any IPv4 packet from the peer. */
void send_ip(uint8_t protocol, const void *bytes, size_t len);
void send_udp(uint16_t source, uint16_t destination, const void *bytes, size_t len);

/* The next segment is this, with `len` bytes; or there is none. The second gives it back, too. */
#define EXPECT(flags, seq, ack, len) expect(__FILE__, __LINE__, flags, seq, ack, len)
#define EXPECT_NOTHING() expect_nothing(__FILE__, __LINE__)
struct sent expect(const char *file, int line, uint8_t flags, uint32_t seq, uint32_t ack, size_t len);
void expect_nothing(const char *file, int line);

/* The stack listens on PORT, and the peer opens a connection: the stack's end. */
struct tcp *listen_here(int backlog);
struct tcp *opened_by_peer(struct tcp *listener);

#endif
