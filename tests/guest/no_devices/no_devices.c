/* SPDX-License-Identifier: MIT */
/* Where there are no devices, whoever looks for one is told so, as often as they ask. */
#include <fcntl.h>

#include "block.h"
#include "current.h"
#include "hvc.h"
#include "netdev.h"

#include "../check.h"

static void receive(struct netdev *netdev, struct packet *frame)
{
    (void)netdev;
    packet_free(frame);
}

int main(void)
{
    CHECK(!netdev_start(receive) && !netdev_start(receive));
    preempt_disable();
    struct block_device *disk = block_device(0), *again = block_device(0);
    struct file *console = libos_hvc_open();
    preempt_enable();
    CHECK(!disk && !again && !console);
    CHECK(open("/dev/hvc0", O_RDWR) == -1 && errno == ENXIO);
    SUCCESS();
}
