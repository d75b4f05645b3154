/* What ioctl() tells of the loopback and of the card; neither of the two speaks IPv6. */
#include <net/if.h>

#include "../socket_check.h"

static const char *address(const struct sockaddr *given)
{
    return inet_ntoa(((const struct sockaddr_in *)given)->sin_addr);
}

int main(void)
{
    int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    struct ifreq card = {.ifr_name = "eth0"}, loop = {.ifr_name = "lo"}, all[4], none = {.ifr_name = "nope0"};
    struct ifconf list = {.ifc_len = sizeof all, .ifc_req = all};

    SAY(ioctl(fd, SIOCGIFADDR, &card));
    printf("%s\n", address(&card.ifr_addr));
    SAY(ioctl(fd, SIOCGIFNETMASK, &card));
    printf("%s\n", address(&card.ifr_netmask));
    SAY(ioctl(fd, SIOCGIFBRDADDR, &card));
    printf("%s\n", address(&card.ifr_broadaddr));
    SAY(ioctl(fd, SIOCGIFMTU, &card));
    printf("%d\n", card.ifr_mtu);
    SAY(ioctl(fd, SIOCGIFFLAGS, &card));
    printf("up: %d, loopback: %d\n", !!(card.ifr_flags & IFF_UP), !!(card.ifr_flags & IFF_LOOPBACK));
    SAY(ioctl(fd, SIOCGIFADDR, &loop));
    printf("%s\n", address(&loop.ifr_addr));
    SAY(ioctl(fd, SIOCGIFFLAGS, &loop));
    printf("up: %d, loopback: %d\n", !!(loop.ifr_flags & IFF_UP), !!(loop.ifr_flags & IFF_LOOPBACK));
    SAY(ioctl(fd, SIOCGIFINDEX, &loop));
    loop.ifr_name[0] = 0;
    SAY(ioctl(fd, SIOCGIFNAME, &loop));
    printf("%s\n", loop.ifr_name);
    SAY(ioctl(fd, SIOCGIFCONF, &list));
    for (int i = 0; i < list.ifc_len / (int)sizeof *all; i++)
        printf("%s %s\n", all[i].ifr_name, address(&all[i].ifr_addr));
    SAY(ioctl(fd, SIOCGIFADDR, &none));
    SAY(socket(AF_INET6, SOCK_STREAM, 0));
    SAY(socket(AF_INET6, SOCK_DGRAM, 0));
    puts("SUCCESS");
    return 0;
}
