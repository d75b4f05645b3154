/* SPDX-License-Identifier: MIT */
/*
 * socket_inet.c: what TCP's and UDP's sockets share: addresses, options of IP,
 * and what a program may ask about its network.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "net.h"
#include "netdev.h"
#include "services.h"
#include "socket.h"

enum { LOOPBACK_NETWORK = 127, INDEX_LOOPBACK = 1, INDEX_CARD = 2, LOOPBACK_MTU = 65536, DEFAULT_TTL = 64 };

/* A program does not expect to be there before its machine's address is: who listens at all addresses can be reached when
 * bind() has returned. */
static long wait_for_address(void)
{
    while (!net_settled()) {
        int result = wait_restartable(&net_waiters, FOREVER);
        if (result < 0)
            return result;
    }
    return 0;
}

static bool is_loopback(uint32_t address)
{
    return ntohl(address) >> 24 == LOOPBACK_NETWORK;
}

long inet_endpoint(const struct sockaddr *address, socklen_t len, struct endpoint *endpoint)
{
    struct sockaddr_in in;

    if (len < sizeof in)
        return -EINVAL;
    memcpy(&in, address, sizeof in);
    if (in.sin_family != AF_INET)
        return -EAFNOSUPPORT;
    *endpoint = (struct endpoint){in.sin_addr.s_addr, in.sin_port};
    return is_loopback(in.sin_addr.s_addr) ? 0 : wait_for_address();
}

/* Called by musl/resolv_conf.c, perhaps before there is any socket. */
long libos_resolv_conf(char *buf, size_t len)
{
    net_init();
    preempt_disable();
    wait_for_address();
    long n = (long)net_resolv_conf(buf, len);
    preempt_enable();
    return n;
}

long inet_peer(const struct sockaddr *address, socklen_t len, struct endpoint *endpoint)
{
    long result = inet_endpoint(address, len, endpoint);

    if (result == 0 && !endpoint->address)
        endpoint->address = htonl(INADDR_LOOPBACK);
    return result;
}

long inet_name(struct endpoint endpoint, struct sockaddr_storage *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = endpoint.port, .sin_addr.s_addr = endpoint.address};

    memcpy(address, &in, sizeof in);
    return sizeof in;
}

long inet_set_option(struct socket *socket, int level, int name, int value)
{
    if (level == SOL_SOCKET)
        return 0;
    if (level != IPPROTO_IP)
        return -ENOPROTOOPT;
    switch (name) {
    case IP_TTL:
        if (value != -1 && (value < 1 || value > 255))
            return -EINVAL;
        socket->ttl = value == -1 ? DEFAULT_TTL : (uint8_t)value;
        return 0;
    case IP_TOS:
        socket->tos = (uint8_t)value;
        return 0;
    }
    return -ENOPROTOOPT;
}

long inet_get_option(struct socket *socket, int level, int name, int *value)
{
    if (level != IPPROTO_IP)
        return -EOPNOTSUPP;
    switch (name) {
    case IP_TTL:
        *value = socket->ttl;
        return 0;
    case IP_TOS:
        *value = socket->tos;
        return 0;
    }
    return -ENOPROTOOPT;
}

/* ---- interfaces: netdevice(7) ------------------------------------------------- */

static const char *const names[] = {"", "lo", "eth0"};

static uint32_t address_of(int index)
{
    return index == INDEX_CARD ? net_config.address : htonl(INADDR_LOOPBACK);
}

static void put_address(struct sockaddr *out, uint32_t address)
{
    struct sockaddr_storage whole;

    inet_name((struct endpoint){address, 0}, &whole);
    memcpy(out, &whole, sizeof *out);
}

/* The interfaces that have an address, as many as fit. */
static long list_interfaces(struct ifconf *list)
{
    int count = net_config.address ? INDEX_CARD : INDEX_LOOPBACK, most = list->ifc_len / (int)sizeof(struct ifreq);

    if (list->ifc_req && most < count)
        count = most;
    for (int i = 0; list->ifc_req && i < count; i++) {
        struct ifreq *entry = &list->ifc_req[i];

        memset(entry, 0, sizeof *entry);
        strcpy(entry->ifr_name, names[i + 1]);
        put_address(&entry->ifr_addr, address_of(i + 1));
    }
    list->ifc_len = count * (int)sizeof(struct ifreq);
    return 0;
}

static int index_of(const struct ifreq *request, unsigned long by)
{
    if (by == SIOCGIFNAME)
        return request->ifr_ifindex == INDEX_LOOPBACK || request->ifr_ifindex == INDEX_CARD ? request->ifr_ifindex
                                                                                            : 0;
    for (int index = INDEX_LOOPBACK; index <= INDEX_CARD; index++)
        if (!strncmp(request->ifr_name, names[index], IFNAMSIZ))
            return index;
    return 0;
}

long inet_ioctl(struct socket *socket, unsigned long request, void *argument)
{
    struct ifreq *interface = argument;

    (void)socket;
    if (request < SIOCGIFNAME || request > SIOCGIFINDEX)
        return -ENOTTY;
    long waited = wait_for_address();
    if (waited < 0)
        return waited;
    if (request == SIOCGIFCONF)
        return list_interfaces(argument);
    int index = index_of(interface, request);
    if (!index)
        return -ENODEV;
    switch (request) {
    case SIOCGIFNAME:
        strcpy(interface->ifr_name, names[index]);
        return 0;
    case SIOCGIFINDEX:
        interface->ifr_ifindex = index;
        return 0;
    case SIOCGIFFLAGS:
        interface->ifr_flags = IFF_UP | IFF_RUNNING | (index == INDEX_CARD ? IFF_BROADCAST : IFF_LOOPBACK);
        return 0;
    case SIOCGIFMTU:
        interface->ifr_mtu = index == INDEX_CARD ? ETHERNET_MTU : LOOPBACK_MTU;
        return 0;
    case SIOCGIFADDR:
        if (!address_of(index))
            return -EADDRNOTAVAIL;
        put_address(&interface->ifr_addr, address_of(index));
        return 0;
    case SIOCGIFNETMASK:
        put_address(&interface->ifr_netmask, index == INDEX_CARD ? net_config.mask : htonl(0xff000000));
        return 0;
    case SIOCGIFBRDADDR:
        put_address(&interface->ifr_broadaddr, index == INDEX_CARD ? net_config.address | ~net_config.mask : 0);
        return 0;
    }
    return -ENOTTY;
}
