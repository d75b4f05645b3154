/* SPDX-License-Identifier: MIT */
/*
 * dhcp.h: an address from the network (RFC 2131).
 */
#ifndef LIBOS_DHCP_H
#define LIBOS_DHCP_H

/* Asks for an address and keeps it, by timers, for as long as there are leases. Fills in net_config. */
void dhcp_start(void);

/* Called by dhcp.c when net_config has changed, or its first attempts have failed. */
void net_settle(void);

#endif
