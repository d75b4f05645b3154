/* SPDX-License-Identifier: MIT */
/*
 * tcp_connection.c: the beginning and the end of a struct tcp.
 *
 * Two hold it: its user, until tcp_close(), and the network, while it is in the
 * table of connections. It is freed when both have let go.
 */
#include "pool.h"
#include "tcp_connection.h"

enum { DEFAULT_SIZE = 65536 };

static struct pool pool = POOL(struct tcp, TCP_CONNECTIONS + TCP_LISTENERS);
struct tcp *tcp_all;
unsigned tcp_connections;

struct tcp *tcp_new(void)
{
    struct tcp *tcp = pool_alloc(&pool);

    if (!tcp)
        return 0;
    tcp->owned = true;
    tcp->options = (struct tcp_options){.keep_idle = 7200,
                                        .keep_interval = 75,
                                        .keep_count = 9,
                                        .send_size = DEFAULT_SIZE,
                                        .receive_size = DEFAULT_SIZE};
    return tcp;
}

bool tcp_enter(struct tcp *tcp, struct endpoint local, struct endpoint remote)
{
    if (tcp_connections == TCP_CONNECTIONS)
        return false;
    tcp_connections++;
    tcp->pair.local = local;
    tcp->pair.remote = remote;
    tcp->pair.kind = PAIR_CONNECTION;
    tcp_table_add(&tcp->pair);
    tcp->in_table = true;
    tcp->previous = 0;
    tcp->next = tcp_all;
    if (tcp_all)
        tcp_all->previous = tcp;
    tcp_all = tcp;
    return true;
}

void tcp_leave(struct tcp *tcp)
{
    if (!tcp->in_table)
        return;
    tcp_connections--;
    tcp_table_remove(&tcp->pair);
    tcp->in_table = false;
    *(tcp->previous ? &tcp->previous->next : &tcp_all) = tcp->next;
    if (tcp->next)
        tcp->next->previous = tcp->previous;
}

bool tcp_make_room(void)
{
    struct tcp *oldest = 0;

    if (tcp_connections < TCP_CONNECTIONS)
        return true;
    /* The list begins with the newest. */
    for (struct tcp *tcp = tcp_all; tcp; tcp = tcp->next)
        if (!tcp->owned)
            oldest = tcp;
    if (!oldest)
        return false;
    tcp_send_reset(oldest);
    tcp_end(oldest, 0);
    tcp_settle(oldest);
    return true;
}

void tcp_end(struct tcp *tcp, int error)
{
    tcp_leave(tcp);
    tcp_drop_acknowledged(tcp, tcp->buffered);
    /* One that never came about may try again, from any port. */
    if (tcp->state == TCPS_SYN_SENT)
        tcp->pair.local = tcp->pair.remote = (struct endpoint){0, 0};
    tcp->state = TCPS_CLOSED;
    if (error)
        tcp->error = error;
    tcp->notify = true;
    /* Nobody will accept it. */
    if (tcp->listener) {
        tcp_accept_remove(tcp);
        tcp->owned = false;
    }
}

void tcp_settle(struct tcp *tcp)
{
    if (tcp->notify) {
        tcp->notify = false;
        if (tcp->changed)
            tcp->changed(tcp->owner);
    }
    if (!tcp->owned && tcp->state == TCPS_CLOSED) {
        tcp_receive_clear(tcp);
        pool_free(&pool, tcp);
    }
}
