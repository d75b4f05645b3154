/* The command line becomes argv and the environment, whatever characters it has. */
#define _GNU_SOURCE
#include "../check.h"
#include <unistd.h>

int main(int argc, char **argv)
{
    CHECK(argc == 5);
    CHECK(!strcmp(argv[0], "arguments"));
    CHECK(!strcmp(argv[1], "two words"));
    CHECK(!strcmp(argv[2], "a \"quoted\" back\\slash"));
    CHECK(!strcmp(argv[3], ""));
    CHECK(!strcmp(argv[4], "virtio_mmio.device=--"));
    CHECK(!argv[5]);
    CHECK(!strcmp(getenv("GREETING"), "hello = world"));
    CHECK(!strcmp(getenv("EMPTY"), ""));
    CHECK(!getenv("PATH"));
    int count = 0;
    while (environ[count])
        count++;
    CHECK(count == 2);
    SUCCESS();
}
