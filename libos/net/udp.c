/* SPDX-License-Identifier: MIT */
/*
 * udp.c: datagrams (RFC 768; RFC 1122, section 4.1).
 *
 * A datagram waits in the packet it came in, behind the header that says from whom.
 */
#include "udp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "checksum.h"
#include "entropy.h"
#include "ipv4.h"
#include "pool.h"

enum { HEADER = sizeof(struct udp_header), MOST_SOCKETS = 64, MOST_QUEUED = 64, MOST_QUEUED_IN_ALL = 256 };
enum { FIRST_FREE_PORT = 49152, FREE_PORTS = 16384 }; /* RFC 6335, section 6 */

static struct pool pool = POOL(struct udp, MOST_SOCKETS);
static struct udp *bound;
static unsigned queued_in_all;

struct udp *udp_open(void)
{
    return pool_alloc(&pool);
}

/* ---- addresses ------------------------------------------------------------ */

static bool taken(struct endpoint local, bool shared)
{
    for (struct udp *udp = bound; udp; udp = udp->next)
        if (udp->local.port == local.port && !(shared && udp->shared) &&
            (!udp->local.address || !local.address || udp->local.address == local.address))
            return true;
    return false;
}

/* A port at random, as RFC 6056, section 3.3.1, has it, so that nobody can guess where answers are awaited. */
static uint16_t free_port(uint32_t address)
{
    uint16_t start;

    entropy_fill(&start, sizeof start);
    for (unsigned i = 0; i < FREE_PORTS; i++) {
        uint16_t port = htobe16((uint16_t)(FIRST_FREE_PORT + (start + i) % FREE_PORTS));

        if (!taken((struct endpoint){address, port}, false))
            return port;
    }
    return 0;
}

int udp_bind(struct udp *udp, struct endpoint local, bool shared)
{
    if (udp->local.port)
        return -EINVAL;
    if (local.address && !ipv4_is_ours(local.address) && !ipv4_is_broadcast(local.address))
        return -EADDRNOTAVAIL;
    if (!local.port)
        local.port = free_port(local.address);
    else if (taken(local, shared))
        return -EADDRINUSE;
    if (!local.port)
        return -EADDRINUSE;
    udp->local = local;
    udp->shared = shared;
    udp->next = bound;
    bound = udp;
    return 0;
}

int udp_connect(struct udp *udp, struct endpoint remote)
{
    uint32_t source = 0;
    int result = 0;

    if (remote.port && !ipv4_source(remote.address, &source))
        return -ENETUNREACH;
    if (!udp->local.port)
        result = udp_bind(udp, (struct endpoint){0, 0}, false);
    if (result < 0)
        return result;
    udp->remote = remote.port ? remote : (struct endpoint){0, 0};
    if (remote.port && !udp->local.address)
        udp->local.address = source;
    return 0;
}

/* ---- sending -------------------------------------------------------------- */

/* Copies the pieces into the packet: their length together, or -EMSGSIZE. */
static long gather(struct packet *packet, const struct iovec *vec, int count)
{
    for (int i = 0; i < count; i++) {
        if (vec[i].iov_len > UDP_LONGEST - packet->len)
            return -EMSGSIZE;
        memcpy(packet->data + packet->len, vec[i].iov_base, vec[i].iov_len);
        packet->len += vec[i].iov_len;
    }
    return (long)packet->len;
}

long udp_send(struct udp *udp, const struct iovec *vec, int count, const struct endpoint *to)
{
    struct endpoint remote = to ? *to : udp->remote;
    uint32_t source;
    int error = udp_take_error(udp);

    if (error)
        return error;
    if (!remote.port)
        return to ? -EINVAL : -EDESTADDRREQ;
    if (ipv4_is_broadcast(remote.address) && !udp->broadcast)
        return -EACCES;
    if (!ipv4_source(remote.address, &source))
        return -ENETUNREACH;
    if (!udp->local.port && (error = udp_bind(udp, (struct endpoint){0, 0}, false)) < 0)
        return error;
    struct packet *packet = packet_alloc();
    if (!packet)
        return -ENOBUFS;
    long len = gather(packet, vec, count);
    if (len < 0) {
        packet_free(packet);
        return len;
    }
    if (udp->local.address && !ipv4_is_broadcast(udp->local.address))
        source = udp->local.address;
    packet->data -= HEADER;
    packet->len += HEADER;
    struct udp_header *header = (void *)packet->data;
    *header = (struct udp_header){udp->local.port, remote.port, htobe16((uint16_t)packet->len), 0};
    uint64_t sum = checksum_pseudo(0, source, remote.address, PROTOCOL_UDP, packet->len);
    uint16_t checksum = checksum_fold(checksum_add(sum, header, packet->len));
    header->checksum = checksum ? checksum : 0xffff; /* 0 would mean that there is none */
    error = ipv4_send(packet, PROTOCOL_UDP, source, remote.address);
    return error < 0 ? error : len;
}

/* ---- receiving ------------------------------------------------------------ */

/* The socket that a datagram is for: one that is connected to its sender before one that is open to all. */
static struct udp *find(struct endpoint local, struct endpoint remote)
{
    struct udp *best = 0;

    for (struct udp *udp = bound; udp; udp = udp->next) {
        if (udp->local.port != local.port || (udp->local.address && udp->local.address != local.address))
            continue;
        if (!udp->remote.port)
            best = best ? best : udp;
        else if (udp->remote.port == remote.port && udp->remote.address == remote.address)
            return udp;
    }
    return best;
}

static bool acceptable(struct packet *packet, const struct ipv4_header *ip)
{
    const struct udp_header *header = (const void *)packet->data;
    size_t len = packet->len < HEADER ? 0 : be16toh(header->length);

    if (len < HEADER || len > packet->len) {
        net_counters.malformed++;
        return false;
    }
    packet->len = len;
    uint64_t sum = checksum_pseudo(0, ip->source, ip->destination, PROTOCOL_UDP, len);
    if (header->checksum && checksum_fold(checksum_add(sum, header, len)) != 0) {
        net_counters.checksum++;
        return false;
    }
    return true;
}

static void input(struct packet *packet, const struct ipv4_header *ip)
{
    const struct udp_header *header = (const void *)packet->data;

    if (!acceptable(packet, ip)) {
        packet_free(packet);
        return;
    }
    struct endpoint local = {ip->destination, header->destination}, remote = {ip->source, header->source};
    struct udp *udp = find(local, remote);
    if (!udp) {
        net_counters.no_port++;
        icmp_unreachable(ip, packet, ICMP_PORT);
    }
    if (!udp || udp->queued == MOST_QUEUED || queued_in_all == MOST_QUEUED_IN_ALL) {
        net_counters.full += udp != 0;
        packet_free(packet);
        return;
    }
    /* Who sent it is remembered where its headers were. */
    memcpy(packet->buffer, &remote, sizeof remote);
    packet->data += HEADER;
    packet->len -= HEADER;
    packet->next = 0;
    *(udp->first ? &udp->last->next : &udp->first) = packet;
    udp->last = packet;
    udp->queued++;
    queued_in_all++;
    if (udp->changed)
        udp->changed(udp);
}

/* Only a connected socket can know which of its datagrams an error is about (RFC 1122, section 4.1.3.3). */
static void failed(const struct ipv4_header *ip, const void *start, int error)
{
    const struct udp_header *header = start;
    struct udp *udp = find((struct endpoint){ip->source, header->source},
                           (struct endpoint){ip->destination, header->destination});

    if (!udp || !udp->remote.port)
        return;
    udp->error = error;
    if (udp->changed)
        udp->changed(udp);
}

static void drop_first(struct udp *udp)
{
    struct packet *packet = udp->first;

    udp->first = packet->next;
    udp->queued--;
    queued_in_all--;
    packet_free(packet);
}

long udp_receive(struct udp *udp, const struct iovec *vec, int count, struct endpoint *from, bool peek)
{
    struct packet *packet = udp->first;
    int error = udp_take_error(udp);

    if (error)
        return error;
    if (!packet)
        return -EAGAIN;
    size_t stored = 0, len = packet->len;
    for (int i = 0; i < count; i++) {
        size_t part = vec[i].iov_len < len - stored ? vec[i].iov_len : len - stored;

        memcpy(vec[i].iov_base, packet->data + stored, part);
        stored += part;
    }
    if (from)
        memcpy(from, packet->buffer, sizeof *from);
    if (!peek)
        drop_first(udp);
    return (long)len;
}

int udp_take_error(struct udp *udp)
{
    int error = udp->error;

    udp->error = 0;
    return error;
}

unsigned udp_ready(const struct udp *udp)
{
    return POLLOUT | (udp->first ? POLLIN : 0) | (udp->error ? POLLERR : 0);
}

void udp_close(struct udp *udp)
{
    while (udp->first)
        drop_first(udp);
    for (struct udp **link = &bound; *link; link = &(*link)->next) {
        if (*link == udp) {
            *link = udp->next;
            break;
        }
    }
    pool_free(&pool, udp);
}

static struct ipv4_protocol protocol = {.number = PROTOCOL_UDP, .input = input, .failed = failed};

void udp_init(void)
{
    ipv4_register(&protocol);
}
