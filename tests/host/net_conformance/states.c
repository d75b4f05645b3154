/* SPDX-License-Identifier: MIT */
/*
 * states.c: every state of a connection, and every kind of segment (RFC 9293,
 * section 3.10.7; RFC 5961).
 */
#include "conformance.h"

/* The kinds. RCV.NXT and SND.UNA are those of the connection. */
enum kind {
    SYN,         /* at RCV.NXT */
    OLD_SYN,     /* far below it */
    SAME_ACK,    /* of SND.UNA */
    FUTURE_ACK,  /* of what was never sent */
    ANCIENT_ACK, /* of what was acknowledged long ago */
    TEXT,        /* at RCV.NXT */
    OLD_TEXT,    /* just before it */
    FAR_TEXT,    /* beyond the window */
    FIN,         /* at RCV.NXT */
    RST,         /* at RCV.NXT */
    NEAR_RST,    /* elsewhere in the window */
    FAR_RST,     /* outside */
    NOTHING,     /* no flag at all */
    KINDS
};

static const char *const kind_names[KINDS] = {"SYN",      "old SYN",  "same ACK", "future ACK", "ancient ACK",
                                              "text",     "old text", "far text", "FIN",        "RST",
                                              "near RST", "far RST",  "nothing"};

/* What is answered: - nothing, A an acknowledgement, S a SYN with one, R a reset. And then the state's letter, or = for
 * the same as before. */
static const struct row {
    char letter;
    const char *state;
    const char *answers; /* in the order of the kinds */
} rows[] = {
    /*                      SYN old same fut anc text old far FIN RST near far nothing */
    {'C', "CLOSED", "R=  R=  R=  R=  R=  R=  R=  R=  R=  -=  -=  -=  R="},
    {'L', "LISTEN", "SH  SH  R=  R=  R=  R=  R=  R=  R=  -=  -=  -=  -="},
    {'Y', "SYN-SENT", "SV  SV  R=  R=  R=  R=  R=  R=  R=  -=  -=  -=  -="},
    {'H', "half open", "A=  A=  R=  R=  R=  R=  A=  A=  R=  -L  A=  -=  -="},
    {'V', "SYN-RECEIVED", "A=  A=  R=  R=  R=  R=  A=  A=  R=  -C  A=  -=  -="},
    {'E', "ESTABLISHED", "A=  A=  -=  A=  A=  A=  A=  A=  AW  -C  A=  -=  -="},
    {'W', "CLOSE-WAIT", "A=  A=  -=  A=  A=  -=  A=  A=  -=  -C  A=  -=  -="},
    {'1', "FIN-WAIT-1", "A=  A=  -=  A=  A=  A=  A=  A=  AG  -C  A=  -=  -="},
    {'2', "FIN-WAIT-2", "A=  A=  -=  A=  A=  A=  A=  A=  AT  -C  A=  -=  -="},
    {'G', "CLOSING", "A=  A=  -=  A=  A=  -=  A=  A=  -=  -C  A=  -=  -="},
    {'K', "LAST-ACK", "A=  A=  -=  A=  A=  -=  A=  A=  -=  -C  A=  -=  -="},
    {'T', "TIME-WAIT", "A=  A=  -=  -=  -=  A=  A=  A=  A=  -C  -=  -=  -="},
};

/* One connection at a time: the numbers it is at. */
static struct tcp *listener, *tcp;
static uint32_t rcv_nxt, snd_una;

static char letter_of_state(void)
{
    static const char letters[] = {[TCPS_CLOSED] = 'C',      [TCPS_SYN_SENT] = 'Y',   [TCPS_SYN_RECEIVED] = 'V',
                                   [TCPS_ESTABLISHED] = 'E', [TCPS_CLOSE_WAIT] = 'W', [TCPS_FIN_WAIT_1] = '1',
                                   [TCPS_CLOSING] = 'G',     [TCPS_LAST_ACK] = 'K',   [TCPS_FIN_WAIT_2] = '2'};
    struct tcp_pair *pair =
        tcp_table_find((struct endpoint){OUR_ADDRESS, our_port}, (struct endpoint){PEER_ADDRESS, peer_port});

    if (!pair)
        return tcp || !listener ? 'C' : 'L';
    if (pair->kind == PAIR_CONNECTION)
        return letters[((struct tcp *)pair)->state];
    return pair->kind == PAIR_HALF_OPEN ? 'H' : 'T';
}

/* Brings a connection into a state, by the shortest way. */
static void reach(char state)
{
    rcv_nxt = snd_una = 1;
    listener = tcp = 0;
    peer_reset();
    if (state == 'C')
        return;
    if (strchr("YV", state)) {
        tcp = tcp_open();
        CHECK(tcp_connect(tcp, (struct endpoint){PEER_ADDRESS, peer_port}) == 0);
        EXPECT(TCP_SYN, 0, 0, 0);
        rcv_nxt = snd_una = 0;
        if (state == 'V') {
            say(TCP_SYN, 0, 0, 0, 0);
            EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
            rcv_nxt = 1;
        }
        return;
    }
    listener = listen_here(5);
    if (state == 'L')
        return;
    if (state == 'H') {
        say(TCP_SYN, 0, 0, 0, 0);
        EXPECT(TCP_SYN | TCP_ACK, 0, 1, 0);
        snd_una = 0;
        return;
    }
    tcp = opened_by_peer(listener);
    if (strchr("WK", state)) {
        say(TCP_FIN | TCP_ACK, 1, 1, 0, 0);
        pass(50 * MS);
        EXPECT(TCP_ACK, 1, 2, 0);
        rcv_nxt = 2;
    }
    if (strchr("12GKT", state)) {
        tcp_shutdown(tcp, false, true);
        EXPECT(TCP_FIN | TCP_ACK, 1, rcv_nxt, 0);
    }
    if (state == 'G') {
        say(TCP_FIN | TCP_ACK, 1, 1, 0, 0);
        EXPECT(TCP_ACK, 2, 2, 0);
        rcv_nxt = 2;
    }
    if (strchr("2T", state)) {
        say(TCP_ACK, 1, 2, 0, 0);
        snd_una = 2;
    }
    if (state == 'T') {
        say(TCP_FIN | TCP_ACK, 1, 2, 0, 0);
        EXPECT(TCP_ACK, 2, 2, 0);
        rcv_nxt = 2;
    }
}

static void say_kind(enum kind kind)
{
    static const char text[10] = "0123456789";
    uint32_t old = rcv_nxt - 100000, near = rcv_nxt + 1000, far = rcv_nxt + 200000;

    switch (kind) {
    case SYN:
        say(TCP_SYN, rcv_nxt, 0, 0, 0);
        break;
    case OLD_SYN:
        say(TCP_SYN, old, 0, 0, 0);
        break;
    case SAME_ACK:
        say(TCP_ACK, rcv_nxt, snd_una, 0, 0);
        break;
    case FUTURE_ACK:
        say(TCP_ACK, rcv_nxt, snd_una + 1000, 0, 0);
        break;
    case ANCIENT_ACK:
        say(TCP_ACK, rcv_nxt, snd_una - 1000000, 0, 0);
        break;
    case TEXT:
        say(TCP_ACK, rcv_nxt, snd_una, text, sizeof text);
        break;
    case OLD_TEXT:
        say(TCP_ACK, rcv_nxt - sizeof text, snd_una, text, sizeof text);
        break;
    case FAR_TEXT:
        say(TCP_ACK, far, snd_una, text, sizeof text);
        break;
    case FIN:
        say(TCP_FIN | TCP_ACK, rcv_nxt, snd_una, 0, 0);
        break;
    case RST:
        say(TCP_RST, rcv_nxt, 0, 0, 0);
        break;
    case NEAR_RST:
        say(TCP_RST, near, 0, 0, 0);
        break;
    case FAR_RST:
        say(TCP_RST, far, 0, 0, 0);
        break;
    default:
        say(0, rcv_nxt, 0, 0, 0);
        break;
    }
}

static char answer_seen(void)
{
    struct sent sent;

    /* Long enough for an acknowledgement that waits for company, too short for anything to be sent again. */
    pass(50 * MS);
    if (!next_sent(&sent))
        return '-';
    CHECK(sent.protocol == PROTOCOL_TCP);
    if (sent.flags & TCP_RST)
        return 'R';
    EXPECT_NOTHING();
    return sent.flags & TCP_SYN ? 'S' : 'A';
}

void test_states(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int kind = 0; kind < KINDS; kind++) {
            char answer = rows[i].answers[4 * kind], state = rows[i].answers[4 * kind + 1];

            state = state == '=' ? rows[i].letter : state;
            reach(rows[i].letter);
            CHECK(letter_of_state() == rows[i].letter);
            say_kind((enum kind)kind);
            char seen = answer_seen(), then = letter_of_state();
            if (seen != answer || then != state) {
                printf("%s, %s: expected %c then %c, saw %c then %c\n", rows[i].state, kind_names[kind], answer,
                       state, seen, then);
                CHECK(!"the answer is right");
            }
            if (tcp)
                tcp_abort(tcp);
            if (listener)
                tcp_close(listener);
            all_gone();
        }
    }
}
