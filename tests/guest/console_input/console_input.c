/* Lines typed on the console, or into a pipe, the end of the file, and what the three descriptors can do. */
#include "../check.h"
#include <poll.h>
#include <unistd.h>

int main(void)
{
    char line[64];
    struct pollfd in = {.fd = 0, .events = POLLIN}, out = {.fd = 1, .events = POLLOUT | POLLIN};

    CHECK(poll(&in, 1, 2000) == 1 && in.revents & POLLIN);
    CHECK(fgets(line, sizeof line, stdin) && !strcmp(line, "first\n"));
    CHECK(fgets(line, sizeof line, stdin) && !strcmp(line, "\n"));
    CHECK(fgets(line, sizeof line, stdin) && !strcmp(line, "no newline"));
    CHECK(!fgets(line, sizeof line, stdin) && feof(stdin));
    CHECK(poll(&out, 1, 0) == 1 && out.revents & POLLOUT);

    CHECK(lseek(1, 0, SEEK_SET) == -1 && errno == ESPIPE);
    CHECK(read(3, line, 1) == -1 && errno == EBADF);
    CHECK(write(-1, line, 1) == -1 && errno == EBADF);
    CHECK(!close(2) && write(2, "x", 1) == -1 && errno == EBADF);
    SUCCESS();
}
