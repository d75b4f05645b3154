/* SPDX-License-Identifier: MIT */
/*
 * ethernet.c: frames of the one network card (IEEE 802.3, RFC 894).
 */
#include "ethernet.h"

#include <stdbool.h>
#include <string.h>

#include "ipv4.h"

struct netdev *ethernet_card;
const uint8_t ethernet_everybody[ETHERNET_ADDRESS] = {255, 255, 255, 255, 255, 255};

/* As two numbers rather than by memcmp(), which goes byte by byte. */
static bool same(const uint8_t *a, const uint8_t *b)
{
    uint64_t first = 0, second = 0;

    memcpy(&first, a, ETHERNET_ADDRESS);
    memcpy(&second, b, ETHERNET_ADDRESS);
    return first == second;
}

static void receive(struct netdev *netdev, struct packet *frame)
{
    const struct ethernet_header *header = (const void *)frame->data;

    if (frame->len < ETHERNET_HEADER) {
        net_counters.malformed++;
        packet_free(frame);
        return;
    }
    bool ours = same(header->to, netdev->address);
    bool everybody = !ours && same(header->to, ethernet_everybody);
    frame->data += ETHERNET_HEADER;
    frame->len -= ETHERNET_HEADER;
    if (!ours && !everybody) {
        net_counters.not_ours++;
        packet_free(frame);
    } else if (header->type == ETHERTYPE_IPV4) {
        ipv4_input(frame, everybody);
    } else if (header->type == ETHERTYPE_ARP) {
        arp_input(frame);
    } else {
        net_counters.no_protocol++;
        packet_free(frame);
    }
}

void ethernet_init(void)
{
    ethernet_card = netdev_start(receive);
}

void ethernet_send(struct packet *packet, const uint8_t *to, uint16_t type)
{
    packet->data -= ETHERNET_HEADER;
    packet->len += ETHERNET_HEADER;
    struct ethernet_header *header = (void *)packet->data;
    memcpy(header->to, to, ETHERNET_ADDRESS);
    memcpy(header->from, ethernet_card->address, ETHERNET_ADDRESS);
    header->type = type;
    ethernet_card->transmit(ethernet_card, packet);
}
