/* SPDX-License-Identifier: MIT */
/*
 * icmp.c: echo, and errors in both directions (RFC 792; RFC 1122, section 3.2.2).
 */
#include <errno.h>
#include <string.h>

#include "checksum.h"
#include "clock.h"
#include "ipv4.h"

enum { HEADER = sizeof(struct icmp_header), QUOTED = 8, ERRORS_PER_SECOND = 100 };

/* The request's packet becomes the reply. */
static void echo(struct packet *packet, const struct ipv4_header *header)
{
    struct icmp_header *message = (void *)packet->data;
    uint32_t source = header->destination, destination = header->source;

    message->type = ICMP_ECHO_REPLY;
    message->checksum = 0;
    message->checksum = checksum_fold(checksum_add(0, message, packet->len));
    ipv4_send(packet, PROTOCOL_ICMP, source, destination);
}

static int error_of(uint8_t type, uint8_t code)
{
    static const uint8_t unreachable[] = {[ICMP_NET] = ENETUNREACH,
                                          [ICMP_HOST] = EHOSTUNREACH,
                                          [ICMP_PROTOCOL] = ECONNREFUSED,
                                          [ICMP_PORT] = ECONNREFUSED,
                                          [ICMP_TOO_LONG] = EMSGSIZE};

    return type == ICMP_UNREACHABLE && code < sizeof unreachable ? -unreachable[code] : -EHOSTUNREACH;
}

/* An error quotes the packet that it is about: its header and 8 bytes, which hold the ports. */
static void failure(const struct packet *packet)
{
    const struct icmp_header *message = (const void *)packet->data;
    const struct ipv4_header *quoted = (const void *)(packet->data + HEADER);

    if (packet->len < HEADER + IPV4_HEADER + QUOTED || !ipv4_is_ours(quoted->source))
        return;
    size_t quoted_length = (quoted->version_length & 15) * 4;
    if (quoted_length >= IPV4_HEADER && packet->len >= HEADER + quoted_length + QUOTED)
        ipv4_failed(quoted, (const uint8_t *)quoted + quoted_length, error_of(message->type, message->code));
}

static void input(struct packet *packet, const struct ipv4_header *header)
{
    const struct icmp_header *message = (const void *)packet->data;

    if (packet->len < HEADER) {
        net_counters.malformed++;
    } else if (checksum_fold(checksum_add(0, message, packet->len)) != 0) {
        net_counters.checksum++;
    } else if (message->type == ICMP_ECHO && ipv4_is_ours(header->destination)) {
        echo(packet, header);
        return;
    } else if (message->type == ICMP_UNREACHABLE || message->type == ICMP_TIME_EXCEEDED) {
        failure(packet);
    }
    packet_free(packet);
}

/* RFC 1122, section 3.2.2, says about what no error is sent; RFC 1812, section 4.3.2.8, asks for a limit. */
void icmp_unreachable(const struct ipv4_header *header, const struct packet *packet, uint8_t code)
{
    static uint64_t second;
    static unsigned sent;
    uint64_t now = clock_monotonic() / 1000000000;
    size_t quoted = packet->len < QUOTED ? packet->len : QUOTED;

    if (now != second) {
        second = now;
        sent = 0;
    }
    if (header->protocol == PROTOCOL_ICMP || !ipv4_is_ours(header->destination) || !header->source ||
        sent == ERRORS_PER_SECOND)
        return;
    struct packet *error = packet_alloc();
    if (!error)
        return;
    sent++;
    struct icmp_header *message = (void *)error->data;
    *message = (struct icmp_header){.type = ICMP_UNREACHABLE, .code = code};
    memcpy(error->data + HEADER, header, IPV4_HEADER);
    error->data[HEADER] = 4 << 4 | IPV4_HEADER / 4; /* its options are left out */
    memcpy(error->data + HEADER + IPV4_HEADER, packet->data, quoted);
    error->len = HEADER + IPV4_HEADER + quoted;
    message->checksum = checksum_fold(checksum_add(0, message, error->len));
    ipv4_send(error, PROTOCOL_ICMP, header->destination, header->source);
}

static struct ipv4_protocol protocol = {.number = PROTOCOL_ICMP, .input = input};

void icmp_init(void)
{
    ipv4_register(&protocol);
}
