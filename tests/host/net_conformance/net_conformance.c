/* SPDX-License-Identifier: MIT */
/*
 * net_conformance.c: what the stack answers to each segment, as the RFCs have it.
 */
#include "conformance.h"

void all_gone(void)
{
    pass(1000 * SECONDS);
    CHECK(tcp_connections == 0 && tcp_packets == 0);
    CHECK(packets_held == 0 && objects_held == 0);
    peer_reset();
}

int main(void)
{
    start_world();
    peer_init();
    tcp_close(tcp_open()); /* until somebody wants TCP, there is none */
    test_states();
    test_opening();
    test_sending();
    test_receiving();
    test_closing();
    test_limits();
    test_below_tcp();
    return 0;
}
