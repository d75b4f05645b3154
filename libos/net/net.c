/* SPDX-License-Identifier: MIT */
/*
 * net.c: starting the network, and the address that the environment gives.
 */
#include "net.h"

#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "dhcp.h"
#include "ethernet.h"
#include "ipv4.h"
#include "udp.h"
#include "wire.h"

struct net_config net_config;
struct wait_queue net_waiters;
static bool settled;

/* Reads 10.0.2.15; null if that is not what is there. */
static const char *read_address(const char *text, uint32_t *address)
{
    uint8_t bytes[4];

    for (int i = 0; i < 4; i++) {
        char *end;
        unsigned long n = strtoul(text, &end, 10);

        if (end == text || n > 255 || (i < 3 && *end != '.'))
            return 0;
        bytes[i] = (uint8_t)n;
        text = end + (i < 3);
    }
    memcpy(address, bytes, sizeof bytes);
    return text;
}

/* Reads ADDRESS/BITS[,GATEWAY[,NAME SERVER]]. */
static bool read_config(const char *text, struct net_config *config)
{
    char *end;

    if (!(text = read_address(text, &config->address)) || *text++ != '/')
        return false;
    unsigned long bits = strtoul(text, &end, 10);
    if (end == text || bits < 1 || bits > 32)
        return false;
    config->mask = htobe32(~(uint32_t)0 << (32 - bits));
    text = end;
    if (*text == ',' && !(text = read_address(text + 1, &config->gateway)))
        return false;
    if (*text == ',' && !(text = read_address(text + 1, &config->name_server)))
        return false;
    return !*text;
}

void net_settle(void)
{
    settled = true;
    wake_all(&net_waiters);
    if (ethernet_card)
        arp_announce();
}

bool net_settled(void)
{
    return settled;
}

static void start(void)
{
    const char *chosen = getenv("NET");
    struct net_config config = {0};

    threads_init();
    icmp_init();
    udp_init();
    ethernet_init();
    if (ethernet_card && !(chosen && read_config(chosen, &config))) {
        if (chosen)
            console_puts("libos: NET is not ADDRESS/BITS[,GATEWAY[,NAME SERVER]]; asking DHCP\n");
        dhcp_start();
        return;
    }
    net_config = config;
    net_settle();
}

void net_init(void)
{
    static bool started;

    preempt_disable();
    if (!started) {
        started = true;
        start();
    }
    preempt_enable();
}

size_t net_resolv_conf(char *buf, size_t len)
{
    static const char digits[] = "0123456789", start[] = "nameserver ";
    const uint8_t *address = (const uint8_t *)&net_config.name_server;
    char text[sizeof start + sizeof "255.255.255.255\n"];
    size_t n = sizeof start - 1;

    if (!net_config.name_server)
        return 0;
    memcpy(text, start, n);
    for (int i = 0; i < 4; i++) {
        if (address[i] >= 100)
            text[n++] = digits[address[i] / 100];
        if (address[i] >= 10)
            text[n++] = digits[address[i] / 10 % 10];
        text[n++] = digits[address[i] % 10];
        text[n++] = i < 3 ? '.' : '\n';
    }
    if (n > len)
        n = len;
    memcpy(buf, text, n);
    return n;
}
