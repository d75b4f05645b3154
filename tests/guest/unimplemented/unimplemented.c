/* What the library OS lacks and Linux has: calls fail with ENOSYS, and the console names each once; sockets of other
 * families fail with EAFNOSUPPORT, and so what is asked by them; an address cannot be set. */
#include "../check.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    struct ifreq loop = {.ifr_name = "lo", .ifr_addr.sa_family = AF_INET};
    struct ifaddrs *found;

    CHECK(syscall(SYS_acct, 0) == -1 && errno == ENOSYS);
    CHECK(syscall(SYS_acct, 0) == -1 && errno == ENOSYS);
    CHECK(syscall(SYS_getpriority, 0, 0) == -1 && errno == ENOSYS);
    CHECK(syscall(999) == -1 && errno == ENOSYS);

    CHECK(socket(AF_UNIX, SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT);
    CHECK(getifaddrs(&found) == -1 && errno == EAFNOSUPPORT);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(fd >= 0 && ioctl(fd, SIOCSIFADDR, &loop) == -1 && errno == ENOTTY);
    SUCCESS();
}
