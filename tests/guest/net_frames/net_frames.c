/* SPDX-License-Identifier: MIT */
/* Every frame that comes is sent back, its addresses exchanged, until one says that it is the last. */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "current.h"
#include "netdev.h"

#include "../check.h"

static int over, count;

static void echo(struct netdev *netdev, struct packet *frame)
{
    uint8_t address[ETHERNET_ADDRESS];

    count++;
    if (frame->data[ETHERNET_HEADER] == 'E')
        write(over, &(uint64_t){1}, 8);
    memcpy(address, frame->data, ETHERNET_ADDRESS);
    memcpy(frame->data, frame->data + ETHERNET_ADDRESS, ETHERNET_ADDRESS);
    memcpy(frame->data + ETHERNET_ADDRESS, address, ETHERNET_ADDRESS);
    netdev->transmit(netdev, frame);
}

int main(void)
{
    uint64_t ended;

    over = eventfd(0, 0);
    struct netdev *netdev = netdev_start(echo);
    CHECK(netdev);
    CHECK(!netdev_start(echo));
    CHECK(netdev->address[0] == 0x52 && netdev->address[1] == 0x54);

    /* The first frame tells the other side that there is somebody here, and who. */
    preempt_disable();
    struct packet *hello = packet_alloc();
    memset(hello->data, 0xff, ETHERNET_ADDRESS);
    memcpy(hello->data + ETHERNET_ADDRESS, netdev->address, ETHERNET_ADDRESS);
    memset(hello->data + 2 * ETHERNET_ADDRESS, 0, 48);
    hello->len = 60;
    netdev->transmit(netdev, hello);
    preempt_enable();

    CHECK(read(over, &ended, 8) == 8);
    printf("%d frames\n", count);
    SUCCESS();
}
