/* SPDX-License-Identifier: MIT */
/*
 * tcp_time_wait.c: connections that are over, but whose last segments may still
 * be under way (RFC 9293, section 3.6).
 *
 * A small record is enough to answer them. Each stays for twice the maximum
 * segment lifetime, unless there are too many: then the oldest goes first.
 */
#include "clock.h"
#include "pool.h"
#include "tcp_connection.h"

struct time_wait {
    struct tcp_pair pair;
    struct time_wait *older, *newer;
    uint32_t snd_nxt, rcv_nxt;
    uint64_t ends;
};

static struct pool pool = POOL(struct time_wait, TCP_TIME_WAITS);
static struct time_wait *oldest, *newest;

static void enqueue(struct time_wait *wait)
{
    wait->ends = clock_monotonic() + TCP_2MSL;
    wait->newer = 0;
    wait->older = newest;
    *(newest ? &newest->newer : &oldest) = wait;
    newest = wait;
    tcp_timer_at(wait->ends);
}

static void dequeue(struct time_wait *wait)
{
    *(wait->older ? &wait->older->newer : &oldest) = wait->newer;
    *(wait->newer ? &wait->newer->older : &newest) = wait->older;
}

static void forget(struct time_wait *wait)
{
    dequeue(wait);
    tcp_table_remove(&wait->pair);
    pool_free(&pool, wait);
}

void tcp_time_wait(struct tcp *tcp)
{
    struct time_wait *wait = pool_alloc(&pool);

    if (!wait && oldest) {
        forget(oldest);
        wait = pool_alloc(&pool);
    }
    struct tcp_pair pair = tcp->pair;
    uint32_t snd_nxt = tcp->snd_nxt, rcv_nxt = tcp->rcv_nxt;
    tcp_end(tcp, 0);
    if (!wait)
        return;
    wait->pair = pair;
    wait->pair.kind = PAIR_TIME_WAIT;
    wait->snd_nxt = snd_nxt;
    wait->rcv_nxt = rcv_nxt;
    tcp_table_add(&wait->pair);
    enqueue(wait);
}

bool tcp_time_wait_arrival(struct tcp_pair *pair, struct tcp_segment *segment)
{
    struct time_wait *wait = (struct time_wait *)pair;
    uint32_t length = segment_length(segment);

    if (segment->flags & TCP_RST) {
        if (segment->seq == wait->rcv_nxt)
            forget(wait);
        return false;
    }
    /* RFC 1122, section 4.2.2.13: a new connection whose numbers come after all of the old one's. */
    if ((segment->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && seq_before(wait->rcv_nxt, segment->seq)) {
        forget(wait);
        return true;
    }
    if (!length)
        return false;
    /* Its FIN again: our last acknowledgement was lost. */
    if (segment->flags & TCP_FIN && segment->seq + length == wait->rcv_nxt) {
        dequeue(wait);
        enqueue(wait);
    }
    tcp_send_answer(&(struct tcp_answer){.local = pair->local,
                                         .remote = pair->remote,
                                         .seq = wait->snd_nxt,
                                         .ack = wait->rcv_nxt,
                                         .scale = -1,
                                         .flags = TCP_ACK});
    return false;
}

uint64_t tcp_time_wait_timer(uint64_t now)
{
    while (oldest && oldest->ends <= now)
        forget(oldest);
    return oldest ? oldest->ends : FOREVER;
}
