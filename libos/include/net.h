/* SPDX-License-Identifier: MIT */
/*
 * net.h: the network as a whole: starting it, and this machine's place in it.
 *
 * Everything of net/ is called with preemption disabled and never waits: whoever
 * wants to wait does so in a wait queue of its own and is told through a
 * function pointer (`changed`) when to look again. Addresses and ports are in
 * network byte order everywhere, as in a struct sockaddr_in; lengths are bytes;
 * failures are negative errno values.
 */
#ifndef LIBOS_NET_H
#define LIBOS_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thread.h"

/* One end of a conversation. Zeroes: any address, any port. */
struct endpoint {
    uint32_t address;
    uint16_t port;
};

/* This machine's place; all zeroes while it has none. */
struct net_config {
    uint32_t address, mask, gateway, name_server;
};

extern struct net_config net_config;

/* Starts the network: the loopback at once; with a card, the address of the environment variable
 * NET=ADDRESS/BITS[,GATEWAY[,NAME SERVER]] (NET=10.0.2.15/24,10.0.2.2,10.0.2.3), or else one from DHCP, which goes on
 * in the background. To be called before anything else here; costs nothing the second time. Preemption
 * may be enabled. */
void net_init(void);

/* False while DHCP has not yet found an address or given up its first attempts (about 15 s), so a program that wants to
 * send should wait. `net_waiters` is woken when that changes. True at once without a card. */
bool net_settled(void);
extern struct wait_queue net_waiters;

/* Writes what /etc/resolv.conf would say; its length, at most `len`. */
size_t net_resolv_conf(char *buf, size_t len);

#endif
