/* SPDX-License-Identifier: MIT */
/* conformance.h: the parts of this test. */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#define _GNU_SOURCE /* POLLRDHUP */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "ipv4.h"
#include "peer.h"
#include "tcp_connection.h"
#include "udp.h"
#include "world.h"

void test_states(void);
void test_opening(void);
void test_sending(void);
void test_receiving(void);
void test_closing(void);
void test_limits(void);
void test_below_tcp(void);

/* Lets every connection end, and checks that all was given back. */
void all_gone(void);

#endif
