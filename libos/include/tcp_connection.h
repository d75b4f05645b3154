/* SPDX-License-Identifier: MIT */
/*
 * tcp_connection.h: what the files of TCP share. Others use tcp.h.
 *
 * Names of variables are those of RFC 9293, section 3.3.1 (SND.UNA is snd_una).
 * Sequence numbers are in host byte order and compared modulo 2^32 (section 3.4);
 * times are monotonic nanoseconds, 0 for "not set".
 */
#ifndef LIBOS_TCP_CONNECTION_H
#define LIBOS_TCP_CONNECTION_H

#include "ipv4.h"
#include "tcp.h"

enum { TCP_HEADER = 20, TCP_DEFAULT_MSS = 536, TCP_MSS = IPV4_PAYLOAD - TCP_HEADER };
enum { TCP_LISTENERS = 64, TCP_HALF_OPEN = 256, TCP_TIME_WAITS = 1024 };

/* The largest buffer, and the scale by which its size can be told in 16 bits (RFC 7323, section 2.2). Every SYN offers it,
 * since a program may choose another size later. */
enum { TCP_MOST_SIZE = 1 << 20, TCP_SCALE = 5 };

#define TCP_MILLISECOND 1000000ull
#define TCP_SECOND (1000 * TCP_MILLISECOND)
#define TCP_2MSL (60 * TCP_SECOND) /* of a maximum segment lifetime of 30 s */

/* ---- numbers -------------------------------------------------------------- */

static inline bool seq_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static inline bool seq_at_most(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) <= 0;
}

/* ---- who talks with whom (tcp_table.c) ------------------------------------- */

/* What the two ends' addresses and ports lead to. The first member of each of the three. */
struct tcp_pair {
    struct tcp_pair *next;
    struct endpoint local, remote;
    enum { PAIR_CONNECTION, PAIR_HALF_OPEN, PAIR_TIME_WAIT } kind;
};

void tcp_table_init(void);
struct tcp_pair *tcp_table_find(struct endpoint local, struct endpoint remote);
void tcp_table_add(struct tcp_pair *pair);
void tcp_table_remove(struct tcp_pair *pair);

/* Sockets that are bound but not connected, and those that listen. */
void tcp_bound_add(struct tcp *tcp);
void tcp_bound_remove(struct tcp *tcp);
struct tcp *tcp_bound_find(struct endpoint local); /* on exactly or overlapping that */
struct tcp *tcp_listener_find(struct endpoint local);

/* A port that nobody is bound to and, for a remote end, that no connection to there uses; 0 if there is none. */
uint16_t tcp_free_port(uint32_t address, const struct endpoint *remote);

/* A first sequence number that nobody can guess (RFC 6528). */
uint32_t tcp_first_seq(struct endpoint local, struct endpoint remote);

/* ---- a segment that came (tcp_input.c) ------------------------------------- */

struct tcp_segment {
    struct packet *packet; /* its data are the text; whoever keeps it sets this to null */
    struct endpoint local, remote;
    uint32_t seq, ack, window; /* the window is not scaled yet */
    uint8_t flags;
    uint16_t mss; /* options: 0 if there was none */
    int8_t scale; /* -1 if there was none */
};

/* Text and the two flags that take up a number. */
static inline uint32_t segment_length(const struct tcp_segment *segment)
{
    return (uint32_t)segment->packet->len + !!(segment->flags & TCP_SYN) + !!(segment->flags & TCP_FIN);
}

/* ---- a connection ---------------------------------------------------------- */

/* BSD's prefix, because the C library's headers have constants TCP_ESTABLISHED and so on. */
enum tcp_state {
    TCPS_CLOSED,
    TCPS_LISTEN,
    TCPS_SYN_SENT,
    TCPS_SYN_RECEIVED,
    TCPS_ESTABLISHED,
    TCPS_CLOSE_WAIT,
    TCPS_FIN_WAIT_1,
    TCPS_CLOSING,
    TCPS_LAST_ACK,
    TCPS_FIN_WAIT_2,
};

struct tcp {
    struct tcp_pair pair;
    struct tcp *next, *previous; /* all that are in the table */
    enum tcp_state state;
    bool owned; /* its user has not closed it */
    bool in_table;
    bool reading_over; /* tcp_shutdown(): what comes is dropped */
    bool fin_wanted;   /* nothing will follow what is buffered */
    bool fin_received;
    bool ack_now;  /* an acknowledgement is owed */
    bool more;     /* MSG_MORE: do not send a segment that is not full */
    bool no_scale; /* the peer's SYN had no window scale */
    bool recovery; /* fast recovery is going on */
    bool notify;   /* its user is to be told, when the segment has been dealt with */
    int error, soft_error;
    void (*changed)(void *owner);
    void *owner;
    struct tcp_options options;

    /* Sending. The packets hold the bytes from snd_una on, as full as they can be; the first begins with snd_una. */
    uint32_t iss, snd_una, snd_nxt, snd_max, snd_wnd, snd_wl1, snd_wl2;
    uint32_t largest_wnd;
    uint16_t mss;
    uint8_t snd_scale, rcv_scale;
    struct packet *send_first, *send_last;
    uint32_t buffered;

    /* Receiving. Text in order, then segments that came too early, in the order of their numbers. */
    uint32_t irs, rcv_nxt, rcv_edge; /* rcv_edge: the end of the window that the peer has been told */
    struct packet *text_first, *text_last, *early;
    uint32_t unread;
    unsigned held; /* packets of these two lists */

    /* Congestion (RFC 5681, RFC 6582) and round trips (RFC 6298). */
    uint32_t cwnd, ssthresh, recover;
    unsigned duplicates;
    uint64_t srtt, rttvar, rto, last_sent;
    uint64_t measured_since; /* when measured_seq was sent */
    uint32_t measured_seq;

    /* Deadlines. */
    uint64_t retransmit_at, ack_at, keep_at;
    uint64_t give_up_at; /* of one without a user */
    unsigned retries, probes;
    uint64_t stuck_since; /* when what is sent again was sent first */
    uint64_t challenge_start;
    unsigned challenges;

    /* A listener's connections that nobody has accepted yet. */
    struct tcp *accept_first, *accept_last, *accept_next;
    struct tcp *listener; /* of one that waits to be accepted */
    int backlog, waiting;
};

/* tcp_connection.c: an unconnected one; its entry into the table (false if there are too many); its end. */
struct tcp *tcp_new(void);
bool tcp_enter(struct tcp *tcp, struct endpoint local, struct endpoint remote);
void tcp_leave(struct tcp *tcp);

/* Ends the oldest connection that has no user any more, if all that may be are open. False if there is none. */
bool tcp_make_room(void);

/* The connection is over, with that error for its user (0 for none). Freed, if that is gone. */
void tcp_end(struct tcp *tcp, int error);

/* Tells the user, if `notify`. Frees what neither user nor network need; so the last thing to be done. */
void tcp_settle(struct tcp *tcp);

extern struct tcp *tcp_all;
extern unsigned tcp_connections;

/* tcp_input.c: registered with ipv4.c by tcp_open(). */
void tcp_input(struct packet *packet, const struct ipv4_header *header);
void tcp_failed(const struct ipv4_header *header, const void *start, int error);

/* tcp_arrival.c: a segment for a connection (RFC 9293, section 3.10.7); may free the connection. */
void tcp_arrival(struct tcp *tcp, struct tcp_segment *segment);
/* What the peer's SYN said: its largest segment (0: nothing), and its scale (-1: none, so there is none for us). */
void tcp_agree(struct tcp *tcp, uint16_t mss, int8_t scale);

/* tcp_listen.c: a segment for a listener; for a half-open connection. */
void tcp_listen_arrival(struct tcp *listener, struct tcp_segment *segment);
void tcp_half_open_arrival(struct tcp_pair *pair, struct tcp_segment *segment);
uint64_t tcp_half_open_timer(uint64_t now);
void tcp_half_open_forget(struct tcp *listener);
void tcp_accept_remove(struct tcp *tcp);

/* tcp_time_wait.c: moves a connection there, which ends for its user; a segment for one there; true if it may be the
 * first of a new connection, and the old one is forgotten. */
void tcp_time_wait(struct tcp *tcp);
bool tcp_time_wait_arrival(struct tcp_pair *pair, struct tcp_segment *segment);
uint64_t tcp_time_wait_timer(uint64_t now);

/* tcp_receive.c: takes the text of an acceptable segment; its FIN's turn has come if true. Frees all. */
bool tcp_take_text(struct tcp *tcp, struct tcp_segment *segment);
void tcp_receive_clear(struct tcp *tcp);
uint32_t tcp_window(const struct tcp *tcp); /* bytes that may come now */

/* tcp_output.c: sends what may be sent, and what is owed. */
void tcp_output(struct tcp *tcp);
void tcp_send_syn(struct tcp *tcp);
void tcp_send_ack(struct tcp *tcp);
void tcp_send_oldest(struct tcp *tcp); /* the first segment again, or a probe of a closed window */
void tcp_send_keepalive(struct tcp *tcp);
void tcp_send_reset(struct tcp *tcp);

/* For who has no connection: a segment out of nothing. `mss` and `scale` as in struct tcp_segment. */
struct tcp_answer {
    struct endpoint local, remote;
    uint32_t seq, ack;
    uint16_t window, mss;
    int8_t scale;
    uint8_t flags;
};
void tcp_send_answer(const struct tcp_answer *answer);
void tcp_refuse(const struct tcp_segment *segment); /* the reset of RFC 9293, section 3.10.7.1 */

/* tcp_send.c: bytes that wait to be acknowledged. */

/* Packets that hold bytes of either direction. From `many` on a connection gets no more than the least it needs, from
 * `most` on nothing: the card needs some, too. */
extern unsigned tcp_packets, tcp_packets_many, tcp_packets_most;
void tcp_drop_acknowledged(struct tcp *tcp, uint32_t count);
uint64_t tcp_copy_buffered(const struct tcp *tcp, uint32_t from, void *to, uint32_t len); /* and their checksum */

/* tcp_congestion.c */
void tcp_congestion_init(struct tcp *tcp);
void tcp_congestion_ack(struct tcp *tcp, uint32_t acked); /* snd_una has moved */
void tcp_congestion_duplicate(struct tcp *tcp);
void tcp_congestion_timeout(struct tcp *tcp);
void tcp_congestion_restart(struct tcp *tcp); /* something is to be sent after a pause */
void tcp_measure(struct tcp *tcp, uint64_t round_trip);
void tcp_rto_reset(struct tcp *tcp);
void tcp_rto_back_off(struct tcp *tcp);

/* tcp_timer.c: has it looked at the deadlines again, no later than then. */
void tcp_timer_at(uint64_t deadline);

#endif
