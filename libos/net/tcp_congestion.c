/* SPDX-License-Identifier: MIT */
/*
 * tcp_congestion.c: how much may be under way, and how long an acknowledgement may
 * take (RFC 5681, RFC 6582, RFC 6298).
 */
#include "clock.h"
#include "tcp_connection.h"

enum { INITIAL_SEGMENTS = 10 /* RFC 6928 */, DUPLICATES = 3 };

#define FIRST_RTO TCP_SECOND
/* RFC 6298 says a second, which is what its clocks of half a second needed. Ours is exact, and an acknowledgement that
 * is held back comes within 200 ms from all systems in use. */
#define LEAST_RTO (200 * TCP_MILLISECOND)
#define GREATEST_RTO (60 * TCP_SECOND)

static uint32_t greatest(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

void tcp_congestion_init(struct tcp *tcp)
{
    tcp->cwnd = INITIAL_SEGMENTS * (uint32_t)tcp->mss;
    tcp->ssthresh = UINT32_MAX;
    tcp->recover = tcp->iss;
    tcp->recovery = false;
    tcp->duplicates = 0;
}

/* RFC 5681, section 4.1: what was learnt of a path that has been idle holds no more. */
void tcp_congestion_restart(struct tcp *tcp)
{
    uint32_t initial = INITIAL_SEGMENTS * (uint32_t)tcp->mss;

    if (tcp->cwnd > initial && clock_monotonic() - tcp->last_sent > tcp->rto)
        tcp->cwnd = initial;
}

/* Half of what is under way, but two segments (RFC 5681, equation 4). */
static uint32_t half_of_flight(const struct tcp *tcp)
{
    return greatest((tcp->snd_max - tcp->snd_una) / 2, 2 * (uint32_t)tcp->mss);
}

void tcp_congestion_ack(struct tcp *tcp, uint32_t acked)
{
    uint32_t mss = tcp->mss;

    tcp->duplicates = 0;
    if (!tcp->recovery) {
        /* Close behind, or after 2 GiB it would seem to lie ahead. */
        if (seq_before(tcp->recover, tcp->snd_una))
            tcp->recover = tcp->snd_una - 1;
        /* Slow start, by what was acknowledged; then a segment for each round trip. */
        if (tcp->cwnd < tcp->ssthresh)
            tcp->cwnd += acked < mss ? acked : mss;
        else
            tcp->cwnd += greatest(mss * mss / tcp->cwnd, 1);
    } else if (seq_at_most(tcp->recover, tcp->snd_una)) {
        uint32_t flight = greatest(tcp->snd_max - tcp->snd_una, mss) + mss;

        tcp->recovery = false;
        tcp->cwnd = tcp->ssthresh < flight ? tcp->ssthresh : flight;
    } else {
        /* RFC 6582, section 3.2, step 3: another segment of the same window was lost. */
        tcp->cwnd = tcp->cwnd > acked ? tcp->cwnd - acked : 0;
        tcp->cwnd += mss;
        tcp_send_oldest(tcp);
    }
    if (tcp->cwnd > 1 << 24)
        tcp->cwnd = 1 << 24;
}

void tcp_congestion_duplicate(struct tcp *tcp)
{
    if (tcp->recovery) {
        tcp->cwnd += tcp->mss;
    } else if (++tcp->duplicates == DUPLICATES && seq_before(tcp->recover, tcp->snd_una)) {
        /* Fast retransmit (RFC 5681, section 3.2; RFC 6582, step 2). */
        tcp->ssthresh = half_of_flight(tcp);
        tcp->recover = tcp->snd_max;
        tcp->recovery = true;
        tcp_send_oldest(tcp);
        tcp->cwnd = tcp->ssthresh + DUPLICATES * tcp->mss;
    }
}

void tcp_congestion_timeout(struct tcp *tcp)
{
    /* Once for each segment (RFC 5681, section 3.1). */
    if (tcp->retries == 0)
        tcp->ssthresh = half_of_flight(tcp);
    tcp->cwnd = tcp->mss;
    tcp->recover = tcp->snd_max;
    tcp->recovery = false;
    tcp->duplicates = 0;
    tcp->measured_since = 0; /* Karn's algorithm (RFC 6298, section 3) */
    tcp->snd_nxt = tcp->snd_una;
}

/* ---- time ----------------------------------------------------------------- */

/* RFC 6298, section 2. */
void tcp_measure(struct tcp *tcp, uint64_t round_trip)
{
    if (!tcp->srtt) {
        tcp->srtt = round_trip;
        tcp->rttvar = round_trip / 2;
    } else {
        uint64_t off = tcp->srtt > round_trip ? tcp->srtt - round_trip : round_trip - tcp->srtt;

        tcp->rttvar = (3 * tcp->rttvar + off) / 4;
        tcp->srtt = (7 * tcp->srtt + round_trip) / 8;
    }
    tcp_rto_reset(tcp);
}

void tcp_rto_reset(struct tcp *tcp)
{
    uint64_t rto = tcp->srtt ? tcp->srtt + 4 * tcp->rttvar : FIRST_RTO;

    tcp->rto = rto < LEAST_RTO ? LEAST_RTO : rto > GREATEST_RTO ? GREATEST_RTO : rto;
}

void tcp_rto_back_off(struct tcp *tcp)
{
    tcp->rto = tcp->rto * 2 < GREATEST_RTO ? tcp->rto * 2 : GREATEST_RTO;
}
