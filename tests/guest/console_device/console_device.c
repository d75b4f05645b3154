/* /dev/console and /dev/tty are the machine's console, to write to and to read from; so are the three descriptors. */
#include "../check.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
    char line[16];
    struct stat st;
    int console = open("/dev/console", O_WRONLY), tty = open("/dev/tty", O_RDWR);

    struct pollfd in = {.fd = 0, .events = POLLIN};
    CHECK(isatty(0) && isatty(1) && isatty(2) && !fstat(1, &st) && S_ISCHR(st.st_mode));
    CHECK(poll(&in, 1, 2000) == 1 && in.revents == POLLIN);
    CHECK(console >= 0 && tty >= 0 && isatty(tty) && !fstat(tty, &st) && S_ISCHR(st.st_mode));
    CHECK(write(console, "who is there?\n", 14) == 14);
    CHECK(read(tty, line, sizeof line) == 5 && !memcmp(line, "it's\n", 5));
    CHECK(!close(console) && read(0, line, sizeof line) == 3 && !memcmp(line, "me\n", 3));
    CHECK(!close(tty) && read(0, line, sizeof line) == 0);
    SUCCESS();
}
