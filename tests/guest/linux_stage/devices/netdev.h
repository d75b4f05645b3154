/* SPDX-License-Identifier: MIT */
/*
 * netdev.h: the library OS's network card as Linux has it: eth0 by a packet socket, whole frames (packet(7)). Linux's
 * driver of the same device is below. Packets come from a pool, as there.
 */
#ifndef STAGE_NETDEV_H
#define STAGE_NETDEV_H

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ETHERNET_ADDRESS = 6, ETHERNET_HEADER = 14, ETHERNET_MTU = 1500 };
enum { PACKETS = 1024, PACKET_SIZE = 2048, PACKET_ROOM = 128, SOCKET_ROOM = 64 << 20 };

struct packet {
    struct packet *next;
    uint8_t *data;
    size_t len;
    uint8_t buffer[PACKET_SIZE];
};

struct netdev {
    uint8_t address[ETHERNET_ADDRESS];
    void (*transmit)(struct netdev *netdev, struct packet *frame);
    void (*receive)(struct netdev *netdev, struct packet *frame);
    int fd;
};

static struct packet packet_pool[PACKETS], *packets_free;
static unsigned packets_taken;
static pthread_mutex_t packets_lock = PTHREAD_MUTEX_INITIALIZER;

static struct packet *packet_alloc(void)
{
    pthread_mutex_lock(&packets_lock);
    struct packet *packet = packets_free;
    if (packet)
        packets_free = packet->next;
    else if (packets_taken < PACKETS)
        packet = &packet_pool[packets_taken++];
    pthread_mutex_unlock(&packets_lock);
    if (packet)
        packet->data = packet->buffer + PACKET_ROOM;
    return packet;
}

static void packet_free(struct packet *packet)
{
    pthread_mutex_lock(&packets_lock);
    packet->next = packets_free;
    packets_free = packet;
    pthread_mutex_unlock(&packets_lock);
}

static void netdev_transmit(struct netdev *netdev, struct packet *frame)
{
    send(netdev->fd, frame->data, frame->len, 0);
    packet_free(frame);
}

static void *netdev_receive(void *arg)
{
    struct netdev *netdev = arg;

    for (;;) {
        struct packet *frame = packet_alloc();
        if (!frame) {
            usleep(1000);
            continue;
        }
        ssize_t len = recv(netdev->fd, frame->data, PACKET_SIZE - PACKET_ROOM, MSG_TRUNC);
        if (len <= 0 || len > ETHERNET_HEADER + ETHERNET_MTU) {
            packet_free(frame);
            continue;
        }
        frame->len = (size_t)len;
        netdev->receive(netdev, frame);
    }
    return NULL;
}

static struct netdev *netdev_start(void (*receive)(struct netdev *netdev, struct packet *frame))
{
    static struct netdev card;
    struct ifreq eth0 = {.ifr_name = "eth0"};
    struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    pthread_t thread;

    if (card.receive)
        return NULL;
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &eth0))
        return NULL;
    memcpy(card.address, eth0.ifr_hwaddr.sa_data, ETHERNET_ADDRESS);
    if (ioctl(fd, SIOCGIFINDEX, &eth0) ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){SOCKET_ROOM}, sizeof(int)) ||
        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &(int){1}, sizeof(int)))
        return NULL;
    all.sll_ifindex = eth0.ifr_ifindex;
    if (bind(fd, (struct sockaddr *)&all, sizeof all))
        return NULL;
    card.transmit = netdev_transmit;
    card.receive = receive;
    card.fd = fd;
    return pthread_create(&thread, NULL, netdev_receive, &card) ? NULL : &card;
}

#endif
