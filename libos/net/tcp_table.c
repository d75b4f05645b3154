/* SPDX-License-Identifier: MIT */
/*
 * tcp_table.c: which connection a segment belongs to, and which ports are taken.
 */
#include "clock.h"
#include "entropy.h"
#include "tcp_connection.h"

enum { BUCKETS = 256 };
enum { FIRST_FREE_PORT = 49152, FREE_PORTS = 16384 }; /* RFC 6335, section 6 */

static struct tcp_pair *buckets[BUCKETS];
static struct tcp *bound;
static uint64_t secret[2], seq_key[2];

void tcp_table_init(void)
{
    entropy_fill(secret, sizeof secret);
    entropy_fill(seq_key, sizeof seq_key);
}

static bool same(struct endpoint a, struct endpoint b)
{
    return a.address == b.address && a.port == b.port;
}

/* Times an odd number, of which the upper bits depend on all bits (Knuth, The Art of Computer Programming, section
 * 6.4). With a secret, so that nobody outside can choose ports that all lead to one bucket. */
static struct tcp_pair **bucket(struct endpoint local, struct endpoint remote)
{
    uint64_t key = (uint64_t)remote.address << 32 | (uint32_t)remote.port << 16 | local.port;

    return &buckets[(key ^ secret[0]) * (secret[1] | 1) >> 56];
}

struct tcp_pair *tcp_table_find(struct endpoint local, struct endpoint remote)
{
    struct tcp_pair *pair = *bucket(local, remote);

    while (pair && !(same(pair->remote, remote) && same(pair->local, local)))
        pair = pair->next;
    return pair;
}

void tcp_table_add(struct tcp_pair *pair)
{
    struct tcp_pair **head = bucket(pair->local, pair->remote);

    pair->next = *head;
    *head = pair;
}

static void unlink(struct tcp_pair **link, struct tcp_pair *pair)
{
    while (*link != pair)
        link = &(*link)->next;
    *link = pair->next;
}

void tcp_table_remove(struct tcp_pair *pair)
{
    unlink(bucket(pair->local, pair->remote), pair);
}

/* ---- ports ---------------------------------------------------------------- */

void tcp_bound_add(struct tcp *tcp)
{
    tcp->pair.next = (struct tcp_pair *)bound;
    bound = tcp;
}

void tcp_bound_remove(struct tcp *tcp)
{
    unlink((struct tcp_pair **)&bound, &tcp->pair);
}

struct tcp *tcp_bound_find(struct endpoint local)
{
    for (struct tcp *tcp = bound; tcp; tcp = (struct tcp *)tcp->pair.next) {
        struct endpoint its = tcp->pair.local;

        if (its.port == local.port && (!its.address || !local.address || its.address == local.address))
            return tcp;
    }
    return 0;
}

struct tcp *tcp_listener_find(struct endpoint local)
{
    struct tcp *best = 0;

    for (struct tcp *tcp = bound; tcp; tcp = (struct tcp *)tcp->pair.next) {
        struct endpoint its = tcp->pair.local;

        if (tcp->state != TCPS_LISTEN || its.port != local.port)
            continue;
        if (its.address == local.address)
            return tcp;
        if (!its.address)
            best = tcp;
    }
    return best;
}

uint16_t tcp_free_port(uint32_t address, const struct endpoint *remote)
{
    uint16_t start;

    entropy_fill(&start, sizeof start);
    for (unsigned i = 0; i < FREE_PORTS; i++) {
        struct endpoint local = {address, htobe16((uint16_t)(FIRST_FREE_PORT + (start + i) % FREE_PORTS))};

        if (!tcp_bound_find(local) && !(remote && tcp_table_find(local, *remote)))
            return local.port;
    }
    return 0;
}

/* ---- first sequence numbers ----------------------------------------------- */

static uint64_t rotate(uint64_t value, int by)
{
    return value << by | value >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* SipHash-2-4 of three words (Aumasson and Bernstein, "SipHash: a fast short-input PRF", section 2). */
static uint64_t sip_hash(const uint64_t key[2], const uint64_t words[3])
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                     key[1] ^ 0x7465646279746573};

    for (int i = 0; i < 3; i++) {
        v[3] ^= words[i];
        sip_round(v);
        sip_round(v);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* RFC 6528, section 3: a clock of 4 microseconds, so that an old connection's segments are not taken for the new one's,
 * plus a secret function of who talks with whom. */
uint32_t tcp_first_seq(struct endpoint local, struct endpoint remote)
{
    /* The third word ends with the length of what is hashed. */
    uint64_t words[3] = {(uint64_t)local.address << 32 | remote.address, (uint64_t)local.port << 16 | remote.port,
                         (uint64_t)16 << 56};

    return (uint32_t)(sip_hash(seq_key, words) + clock_monotonic() / 4000);
}
