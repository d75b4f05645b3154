/* SPDX-License-Identifier: MIT */
/*
 * wire.h: the headers as they are on the wire, each field in network byte order.
 *
 * Packed, since a header may begin at any address: an Ethernet header is 14 bytes.
 */
#ifndef LIBOS_WIRE_H
#define LIBOS_WIRE_H

#include <endian.h>
#include <stdint.h>

#define PACKED __attribute__((packed))

/* Constants in network byte order, at compile time. */
#define WIRE16(n) ((uint16_t)((n) >> 8 | ((n) & 0xff) << 8))
#define WIRE32(n) ((uint32_t)WIRE16((n) & 0xffff) << 16 | WIRE16((uint32_t)(n) >> 16))

/* IEEE 802.3 */
struct ethernet_header {
    uint8_t to[6], from[6];
    uint16_t type;
} PACKED;

enum { ETHERTYPE_IPV4 = WIRE16(0x0800), ETHERTYPE_ARP = WIRE16(0x0806) };

/* RFC 826, for IPv4 over Ethernet */
struct arp_message {
    uint16_t hardware, protocol;
    uint8_t hardware_length, protocol_length;
    uint16_t operation;
    uint8_t sender[6];
    uint32_t sender_address;
    uint8_t target[6];
    uint32_t target_address;
} PACKED;

/* RFC 791, section 3.1 */
struct ipv4_header {
    uint8_t version_length; /* 4, and the header's length in words */
    uint8_t service;
    uint16_t length; /* of header and data */
    uint16_t id;
    uint16_t fragment; /* flags, and the offset in units of 8 bytes */
    uint8_t ttl, protocol;
    uint16_t checksum;
    uint32_t source, destination;
} PACKED;

enum { IPV4_MORE_FRAGMENTS = WIRE16(0x2000), IPV4_FRAGMENT_OFFSET = WIRE16(0x1fff) };
enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

/* RFC 792 */
struct icmp_header {
    uint8_t type, code;
    uint16_t checksum;
    uint32_t rest;
} PACKED;

enum { ICMP_ECHO_REPLY = 0, ICMP_UNREACHABLE = 3, ICMP_ECHO = 8, ICMP_TIME_EXCEEDED = 11 };
enum { ICMP_NET = 0, ICMP_HOST = 1, ICMP_PROTOCOL = 2, ICMP_PORT = 3, ICMP_TOO_LONG = 4 };

/* RFC 768 */
struct udp_header {
    uint16_t source, destination, length, checksum;
} PACKED;

/* RFC 9293, section 3.1 */
struct tcp_header {
    uint16_t source, destination;
    uint32_t seq, ack;
    uint8_t offset; /* the header's length in words, in the upper half */
    uint8_t flags;
    uint16_t window, checksum, urgent;
} PACKED;

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

#endif
